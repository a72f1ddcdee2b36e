"""plotly: a figure as JSON."""

import plotly.graph_objects as go

figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
figure.update_layout(title="t")
print(len(figure.to_dict()["data"]), figure.layout.title.text)
