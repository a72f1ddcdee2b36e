"""networkx: paths and ranks."""

import networkx as nx

graph = nx.karate_club_graph()
print(
    nx.shortest_path(nx.path_graph(5), 0, 4),
    nx.density(graph),
    len(nx.maximal_independent_set(graph, seed=0)),
)
