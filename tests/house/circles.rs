//! Circles in a graph: its strongly connected components of more than one node (R. Tarjan, "Depth-first search and
//! linear graph algorithms", SIAM Journal on Computing 1 (1972)).

/// The components of more than one node of the graph of nodes `0..nodes`, each in ascending order.
pub(crate) fn of(nodes: usize, arrows: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut graph = Graph { next: vec![Vec::new(); nodes], ..Graph::default() };
    arrows.for_each(|(from, to)| graph.next[from].push(to));
    graph.number = vec![None; nodes];
    graph.lowest = vec![0; nodes];
    for node in 0..nodes {
        if graph.number[node].is_none() {
            graph.visit(node);
        }
    }
    graph.circles
}

#[derive(Default)]
struct Graph {
    next: Vec<Vec<usize>>,
    /// The order in which nodes are reached.
    number: Vec<Option<usize>>,
    /// The lowest number that can be reached from each.
    lowest: Vec<usize>,
    open: Vec<usize>,
    reached: usize,
    circles: Vec<Vec<usize>>,
}

impl Graph {
    fn visit(&mut self, node: usize) {
        let number = self.reached;
        self.reached += 1;
        self.number[node] = Some(number);
        self.lowest[node] = number;
        self.open.push(node);
        for next in self.next[node].clone() {
            match self.number[next] {
                None => {
                    self.visit(next);
                    self.lowest[node] = self.lowest[node].min(self.lowest[next]);
                }
                Some(reached) if self.open.contains(&next) => self.lowest[node] = self.lowest[node].min(reached),
                Some(_) => {}
            }
        }
        if self.lowest[node] == number {
            let start = self.open.iter().rposition(|&open| open == node).expect("it was opened above");
            let mut circle = self.open.split_off(start);
            if circle.len() > 1 {
                circle.sort_unstable();
                self.circles.push(circle);
            }
        }
    }
}

#[test]
fn circles_are_found_and_chains_are_not() {
    let arrows = [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (5, 6), (6, 5), (0, 5)];
    assert_eq!(of(7, arrows.into_iter()), [vec![1, 2, 3], vec![5, 6]]);
    assert!(of(4, [(0, 1), (1, 2), (0, 2), (3, 2)].into_iter()).is_empty());
}
