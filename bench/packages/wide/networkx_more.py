"""networkx: generators, flows, matching, communities, isomorphism, readers and writers, conversions, layouts."""

import io

import networkx as nx
from networkx.algorithms import approximation, bipartite, community, isomorphism
from networkx.readwrite import json_graph

graph = nx.karate_club_graph()
print(nx.number_of_nodes(graph), round(nx.average_clustering(graph), 4), nx.diameter(graph))
print([len(each) for each in community.greedy_modularity_communities(graph)])
print({node: round(rank, 4) for node, rank in sorted(nx.pagerank(graph).items())[:3]})
print(nx.maximum_flow_value(nx.DiGraph([("s", "a", {"capacity": 3}), ("a", "t", {"capacity": 2})]), "s", "t"))
print(
    sorted(map(sorted, nx.max_weight_matching(nx.path_graph(4)))),
    list(nx.topological_sort(nx.DiGraph([(1, 2)]))),
)
print(bipartite.is_bipartite(nx.cycle_graph(4)), approximation.max_clique(nx.complete_graph(4)))
print(
    isomorphism.GraphMatcher(nx.path_graph(3), nx.star_graph(2)).is_isomorphic(),
    nx.is_planar(nx.petersen_graph()),
)
print(
    nx.shortest_path(nx.grid_2d_graph(3, 3), (0, 0), (2, 2)),
    nx.minimum_spanning_tree(graph).number_of_edges(),
)
buffer = io.BytesIO()
nx.write_graphml(nx.path_graph(2), buffer)
print(
    nx.read_graphml(io.BytesIO(buffer.getvalue())).edges,
    json_graph.node_link_data(nx.path_graph(2), edges="links"),
)
print(nx.to_numpy_array(nx.path_graph(3)).tolist(), nx.to_dict_of_lists(nx.path_graph(2)))
print({node: place.round(3).tolist() for node, place in nx.circular_layout(nx.path_graph(3)).items()})
print(nx.gnp_random_graph(6, 0.5, seed=1).number_of_edges(), nx.barabasi_albert_graph(6, 2, seed=1).degree(0))
print(
    nx.to_scipy_sparse_array(nx.path_graph(3)).nnz,
    round(nx.algebraic_connectivity(nx.path_graph(4), seed=1), 6),
)
try:
    nx.shortest_path(nx.empty_graph(2), 0, 1)
except nx.NetworkXNoPath as fault:
    print(fault)
