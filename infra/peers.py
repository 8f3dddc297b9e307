"""Compares Borg with other libraries: the same graphs, in the same run, in turns.

    python infra/peers.py --borg target/ci/borg [--people N] [--mixing µ ...] [--sets NAME ...]
                          [--scale N] [--rounds N] [--seconds N] [--json]

`make bench-peers` calls it with the Python of an environment that has the peers (infra/setup.sh
peers). Borg draws or reads each graph and writes it; peers get the same graph, undirected, with
w_uv + w_vu as the weight of a pair. Every measurement is a separate process with one thread:

- CPU: user and system time of the call alone, by the arcs that Borg read. Reading the graph and
  converting it for the call is not included (for Borg's Leiden, to an undirected one); what a library
  makes of it inside of the call is (also Borg's layout, and the backbone of its leaf).
- peak: the most memory held during the call, the library's graph included, by arc. Memory held
  before the graph was read, such as Python's, is not included.
- modularity at γ = 1, NMI and AMI (scikit-learn's): computed here, the same way for all. Borg's own
  figures must agree.

Figures are medians over the rounds; peers that use random numbers get another seed in each.
"""

import argparse
import ctypes
import gc
import importlib.metadata
import json
import os
import pathlib
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["igraph", "leidenalg", "networkit", "infomap", "scikit-learn"]
TOLERANCE = 1e-6
DAMPING = 0.85
# Borg's figures have four decimals.
JUDGES_APART_MAX = 2e-4
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

Graph = dict[str, Any]
Row = dict[str, Any]


# ---- the peers: for each, how its graph is made and the call that is measured -------------------


def igraph_graph(graph: Graph, seed: int, directed: bool = False) -> Any:
    import igraph

    # igraph draws from Python's generator by default.
    random.seed(seed)
    made = igraph.Graph(n=graph["people"], edges=graph["pairs"], directed=directed)
    return made, None if graph["weights"] is None else graph["weights"].tolist()


def igraph_leiden(loaded: Any, seed: int, iterations: int = 2) -> Any:
    graph, weights = loaded
    found = graph.community_leiden("modularity", weights=weights, n_iterations=iterations)
    return lambda: found.membership


def igraph_labels(loaded: Any, seed: int) -> Any:
    graph, weights = loaded
    found = graph.community_label_propagation(weights=weights)
    return lambda: found.membership


def leidenalg_leiden(loaded: Any, seed: int) -> Any:
    import leidenalg

    graph, weights = loaded
    kind = leidenalg.ModularityVertexPartition
    found = leidenalg.find_partition(graph, kind, weights=weights, seed=seed)
    return lambda: found.membership


def leidenalg_graph(graph: Graph, seed: int) -> Any:
    import leidenalg  # noqa: F401, so that it is loaded before the call

    return igraph_graph(graph, seed)


def networkit_graph(graph: Graph, seed: int, directed: bool = False) -> Any:
    import networkit

    networkit.setNumberOfThreads(1)
    networkit.setSeed(seed, False)
    pairs, weights = graph["pairs"], graph["weights"]
    ends = (pairs[:, 0].copy(), pairs[:, 1].copy())
    data = ends if weights is None else (weights, ends)
    made = networkit.GraphFromCoo(
        data, n=graph["people"], weighted=weights is not None, directed=directed
    )
    assert made.numberOfEdges() == len(pairs), "NetworKit read another graph"
    return made


def networkit_communities(name: str) -> Callable[[Any, int], Any]:
    def run(graph: Any, seed: int) -> Any:
        import networkit

        search = getattr(networkit.community, name)(graph)
        search.run()
        return lambda: search.getPartition().getVector()

    return run


def infomap_graph(graph: Graph, seed: int, two_level: bool = False) -> Any:
    import infomap

    search = infomap.Infomap(silent=True, two_level=two_level, seed=seed, num_threads=1)
    weights = graph["weights"] if graph["weights"] is not None else np.ones(len(graph["pairs"]))
    search.add_links(np.column_stack([graph["pairs"].astype(float), weights]))
    return search, graph["people"]


def infomap_run(loaded: Any, seed: int) -> Any:
    search, people = loaded
    search.run()

    def labels() -> list[int]:
        module_of = search.get_modules(depth_level=-1)
        # A person without links is in no module: alone.
        return [module_of.get(person, -1 - person) for person in range(people)]

    return labels


def igraph_ranks(loaded: Any, seed: int) -> Any:
    shares = loaded[0].pagerank(damping=DAMPING, implementation="prpack")
    return lambda: (shares, None)


def networkit_ranks(graph: Any, seed: int) -> Any:
    import networkit

    walk = networkit.centrality.PageRank(
        graph,
        damp=DAMPING,
        tol=TOLERANCE,
        distributeSinks=networkit.centrality.SinkHandling.DistributeSinks,
    )
    walk.norm = networkit.centrality.Norm.L1_NORM
    walk.run()
    return lambda: (walk.scores(), walk.numberOfIterations())


COMMUNITIES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "igraph Leiden, 2 iterations": (igraph_graph, igraph_leiden),
    "igraph Leiden, until stable": (igraph_graph, lambda g, s: igraph_leiden(g, s, -1)),
    "leidenalg Leiden": (leidenalg_graph, leidenalg_leiden),
    "NetworKit ParallelLeiden": (networkit_graph, networkit_communities("ParallelLeiden")),
    "NetworKit PLM (Louvain)": (networkit_graph, networkit_communities("PLM")),
    "NetworKit PLP (labels)": (networkit_graph, networkit_communities("PLP")),
    "igraph label propagation": (igraph_graph, igraph_labels),
    "infomap": (infomap_graph, infomap_run),
    "infomap, two levels": (lambda g, s: infomap_graph(g, s, True), infomap_run),
}
RANKS = {
    "igraph PageRank (prpack)": (lambda g, s: igraph_graph(g, s, True), igraph_ranks),
    "NetworKit PageRank": (lambda g, s: networkit_graph(g, s, True), networkit_ranks),
}


# ---- one measurement, in a separate process ------------------------------------------------------


def status_bytes(field: str) -> int | None:
    try:
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def resident_bytes() -> int:
    return status_bytes("VmRSS:") or peak_bytes()


def peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return status_bytes("VmHWM:") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> None:
    """Returns freed memory to the system and resets the peak (proc(5)). Where that is not possible,
    the peak is too high, never too low."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):
        pass


def read_graph(file: str) -> Graph:
    stored = np.load(file)
    weights = stored["weights"] if "weights" in stored else None
    return {"people": int(stored["people"]), "pairs": stored["pairs"], "weights": weights}


def measure(name: str, file: str, seed: int, out: str) -> Row:
    """Runs one peer on one graph; writes its result to a file."""
    load, run = (COMMUNITIES | RANKS)[name]
    try:
        tiny = {"people": 3, "pairs": np.array([[0, 1], [1, 2]]), "weights": None}
        run(load(tiny, seed), seed)()  # Imports, and other work that is done once.
    except ImportError as error:
        return {"missing": f"{error.name} is not installed"}
    forget_peak()
    before = resident_bytes()
    loaded = load(read_graph(file), seed)
    forget_peak()
    began = time.process_time()
    found = run(loaded, seed)
    used, peak = time.process_time() - began, peak_bytes() - before
    figures = {"cpu_seconds": used, "peak_bytes": peak}
    answer = found()
    if name in RANKS:
        answer, figures["iterations"] = answer
    np.save(out, np.array(answer))
    return figures


def measured_apart(name: str, folder: pathlib.Path, seed: int, seconds: int) -> Row:
    """`measure` in a separate process. A failure there becomes a row and ends nothing."""
    file, out = folder / "graph.npz", folder / "found.npy"
    command = [sys.executable, __file__, "--measure", name, str(file), str(seed), str(out)]
    try:
        done = subprocess.run(
            command, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"took more than {seconds} s"}
    if done.returncode != 0:
        return {"missing": (done.stderr.strip().splitlines() or ["ended"])[-1][:80]}
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures if "missing" in figures else figures | {"found": np.load(out)}


# ---- Borg ----------------------------------------------------------------------------------------


def borg(binary: str, *arguments: str) -> Row:
    command = [binary, "--json", "bench", *arguments, "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def rows_of(file: pathlib.Path) -> np.ndarray:
    return np.loadtxt(file, dtype=str, delimiter="\t", skiprows=1, ndmin=2)


def communities_case(binary: str, folder: pathlib.Path, arguments: list[str]) -> Row:
    """Lets Borg draw or read a graph; stores it for the peers, with its truth and Borg's levels."""
    own = borg(binary, "communities", *arguments, "--write", str(folder))
    edges, known = rows_of(folder / "edges.tsv.gz"), rows_of(folder / "truth.tsv.gz")
    levels = rows_of(folder / "communities.tsv.gz")
    names = np.unique(levels[:, 0])
    pairs, weights = undirected(np.searchsorted(names, edges[:, :2]), edges[:, 2].astype(float))
    store(folder, len(names), pairs, weights)
    return {
        "folder": folder,
        "own": own,
        "pairs": pairs,
        "weights": weights,
        "known": np.searchsorted(names, known[:, 0]),
        "truth": np.unique(known[:, 1], return_inverse=True)[1],
        "levels": [labels_of(levels, level, names) for level in range(len(own["levels"]))],
        "leiden": labels_of(levels, "leiden", names),
    }


def undirected(ends: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, with the sum of the arcs between the two as weight."""
    pairs, pair_of = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    return pairs, np.bincount(pair_of.ravel(), weights)


def store(folder: pathlib.Path, people: int, pairs: np.ndarray, weights: np.ndarray) -> None:
    """Stores a graph for the peers. Weights that are all equal are left out: some are faster then."""
    arrays = {"people": people, "pairs": pairs.astype(np.int64)}
    if np.ptp(weights) > 0:
        arrays["weights"] = weights
    np.savez(folder / "graph.npz", **arrays)


def labels_of(levels: np.ndarray, level: int | str, names: np.ndarray) -> np.ndarray:
    rows = levels[levels[:, 1] == str(level)]
    labels = np.empty(len(names), dtype=np.int64)
    labels[np.searchsorted(names, rows[:, 0])] = rows[:, 2].astype(np.int64)
    return labels


def borg_communities(binary: str, case: Row) -> Row:
    """One measurement. The result is the same each time: `case` has it."""
    figures = borg(binary, "communities", "--graph", str(case["folder"]))
    for name in ("levels", "leaf", "modularity_leaf"):
        assert figures[name] == case["own"][name], f"Borg's {name} changed from run to run"
    read = figures["graph_bytes_per_arc"]
    return {
        "cpu_ns": figures["leaf_cpu_ns_per_arc"],
        "peak_bytes": figures["leaf_peak_bytes_per_arc"] + read,
        "stage_cpu_ns": figures["cpu_ns_per_arc"],
        "stage_peak_bytes": figures["peak_bytes_per_arc"] + read,
        "leiden_cpu_ns": figures["leiden_cpu_ns_per_arc"],
        "leiden_peak_bytes": figures["leiden_peak_bytes_per_arc"],
    }


def borg_levels(case: Row) -> list[Row]:
    """Rows of the levels to show. The first is the level that Borg chooses; to choose another takes a
    reason, or the truth."""
    own = case["own"]
    judged = [judge(case, labels) for labels in case["levels"]]
    check_judges(own, judged)
    chosen = {"Borg, leaf level": own["leaf"]}
    for title, figure in (("of most modularity", "modularity"), ("best by the truth", "ami")):
        level = max(range(len(judged)), key=lambda level: judged[level][figure])
        if level not in chosen.values():
            chosen[f"Borg, level {title}"] = level
    return [{"run": title} | judged[level] for title, level in chosen.items()]


def check_judges(own: Row, judged: list[Row]) -> None:
    for name in ("leaf", "best"):
        for figure in ("modularity", "nmi", "ami"):
            ours, theirs = own[f"{figure}_{name}"], judged[own[name]][figure]
            if abs(ours - theirs) > JUDGES_APART_MAX:
                sys.exit(f"{own['graph']}: Borg says {figure} {ours}, scikit-learn {theirs}")


# ---- judging and showing -------------------------------------------------------------------------


def judge(case: Row, labels: np.ndarray) -> Row:
    from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

    labels = np.unique(labels, return_inverse=True)[1]
    known, truth = labels[case["known"]], case["truth"]
    return {
        "communities": int(labels.max()) + 1,
        "modularity": modularity(case["pairs"], case["weights"], labels),
        "nmi": float(normalized_mutual_info_score(truth, known)),
        "ami": float(adjusted_mutual_info_score(truth, known)),
    }


def modularity(pairs: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> float:
    ends, total = labels[pairs], 2 * weights.sum()
    volumes = np.bincount(ends.ravel(), np.repeat(weights, 2))
    inside = 2 * weights[ends[:, 0] == ends[:, 1]].sum()
    return float(inside / total - ((volumes / total) ** 2).sum())


def rounds_of(case: Row, peers: dict[str, Any], own: Callable[[], Row], options: Any) -> Row:
    """Runs Borg and the peers in turns; returns all measurements. One that fails is not run again."""
    measured: dict[str, list[Row]] = {name: [] for name in ["Borg", *peers]}
    for number in range(options.rounds):
        for name, rows in measured.items():
            if any("missing" in row for row in rows):
                continue
            say(f"{case['own']['graph']}: round {number + 1}/{options.rounds}, {name}")
            seed = number + 1
            rows.append(own() if name == "Borg" else peer(name, case, seed, options.seconds))
    return measured


def peer(name: str, case: Row, seed: int, seconds: int) -> Row:
    row = measured_apart(name, case["folder"], seed, seconds)
    if "missing" in row:
        return row
    arcs = case["own"]["arcs"]
    row["cpu_ns"] = row.pop("cpu_seconds") * 1e9 / arcs
    row["peak_bytes"] /= arcs
    found = row.pop("found")
    return row | (judge(case, found) if name in COMMUNITIES else {"shares": found})


def median_row(name: str, rows: list[Row]) -> Row:
    missing = [row for row in rows if "missing" in row]
    if missing:
        return {"run": name} | missing[0]
    keys = [key for key, value in rows[0].items() if isinstance(value, int | float)]
    figures = {key: [row[key] for row in rows] for key in keys}
    return {"run": name} | {key: statistics.median(values) for key, values in figures.items()}


def compare_communities(folder: pathlib.Path, arguments: list[str], options: Any) -> Row:
    binary = options.borg
    case = communities_case(binary, folder, arguments)
    measured = rounds_of(case, COMMUNITIES, lambda: borg_communities(binary, case), options)
    rows, truth = borg_levels(case), {"run": "the truth"} | judge_truth(case)
    own = median_row(rows[0]["run"], measured.pop("Borg"))
    costs = ("cpu_ns", "peak_bytes")
    stage, leiden = ({name: own.pop(f"{of}_{name}") for name in costs} for of in ("stage", "leiden"))
    rows[0] |= own
    rows.insert(1, {"run": "Borg, all levels and overlaps"} | stage)
    rows.append({"run": "Borg, Leiden at γ = 1"} | leiden | judge(case, case["leiden"]))
    rows += [median_row(name, rows) for name, rows in measured.items()]
    return {key: case["own"][key] for key in ("graph", "people", "arcs")} | {"rows": [*rows, truth]}


def judge_truth(case: Row) -> Row:
    """The figures of the truth itself, if it has a label for everybody."""
    if len(case["known"]) < case["own"]["people"]:
        return {"missing": "not known of everybody"}
    labels = np.empty(case["own"]["people"], dtype=np.int64)
    labels[case["known"]] = case["truth"]
    return judge(case, labels)


def compare_ranks(folder: pathlib.Path, options: Any) -> Row:
    arguments = ["rank", "--scale", str(options.scale), "--rounds", "1"]
    own = borg(options.borg, *arguments, "--write", str(folder))
    edges, ranks = rows_of(folder / "edges.tsv.gz"), rows_of(folder / "ranks.tsv.gz")
    store(folder, own["people"], edges[:, :2].astype(np.int64), edges[:, 2].astype(float))
    shares = np.zeros(own["people"])
    shares[ranks[:, 0].astype(np.int64)] = ranks[:, 1].astype(float)
    case = {"own": own, "folder": folder}
    measured = rounds_of(case, RANKS, lambda: borg_ranks(options.borg, arguments), options)
    found = {name: rows[0].pop("shares", None) for name, rows in measured.items()}
    rows = [median_row(name, rows) for name, rows in measured.items()]
    rows.insert(1, {"run": "pull kernel (GAP), in Borg", "iteration_ns": rows[0].pop("pull_ns")})
    exact = found["igraph PageRank (prpack)"]
    for row in rows:
        there = shares if row["run"] == "Borg" else found.get(row["run"])
        if exact is not None and there is not None:
            row["apart"] = float(np.abs(there - exact).sum())
    return {key: own[key] for key in ("graph", "people", "arcs")} | {"rows": rows}


def borg_ranks(binary: str, arguments: list[str]) -> Row:
    figures = borg(binary, *arguments)
    return {
        "cpu_ns": figures["whole_cpu_ns_per_arc"],
        "iterations": figures["iterations"],
        "iteration_ns": figures["cpu_ns_per_arc_iteration"],
        "pull_ns": figures["pull_cpu_ns_per_arc_iteration"],
        "peak_bytes": figures["peak_bytes_per_arc"] + figures["graph_bytes_per_arc"],
    }


COLUMNS = {
    "cpu_ns": ("CPU ns/arc", "{:,.0f}"),
    "iterations": ("iterations", "{:.0f}"),
    "iteration_ns": ("CPU ns/arc/iteration", "{:.1f}"),
    "peak_bytes": ("peak B/arc", "{:,.0f}"),
    "modularity": ("modularity", "{:.4f}"),
    "nmi": ("NMI", "{:.3f}"),
    "ami": ("AMI", "{:.3f}"),
    "communities": ("communities", "{:,.0f}"),
    "apart": ("L1 from prpack", "{:.0e}"),
}


def table(graph: Row) -> str:
    """A table in Markdown with aligned columns."""
    columns = [key for key in COLUMNS if any(key in row for row in graph["rows"])]
    lines = [["", *(COLUMNS[key][0] for key in columns)]]
    for row in graph["rows"]:
        cells = [COLUMNS[key][1].format(row[key]) if key in row else "" for key in columns]
        if "missing" in row:
            cells[0] = row["missing"]
        lines.append([row["run"], *cells])
    longest = max(len(line[0]) for line in lines)
    lines = [[line[0].ljust(longest), *line[1:]] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    aligned = ([cell.rjust(width) for cell, width in zip(line, widths)] for line in lines)
    title = f"### {graph['graph']}: {graph['people']:,} people, {graph['arcs']:,} arcs"
    return "\n".join([title, "", *(f"| {' | '.join(line)} |" for line in aligned), ""])


def versions(binary: str) -> Row:
    own = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    found = {"Borg": own.removeprefix("borg").strip(), "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Borg beside other libraries, on the same graphs.")
    parser.add_argument("--borg", default=str(ROOT / "target/ci/borg"), help="the binary")
    parser.add_argument("--people", type=int, default=20_000, help="of the planted graphs")
    parser.add_argument("--mixing", type=float, nargs="*", default=[0.3, 0.5, 0.6])
    parser.add_argument(
        "--sets", nargs="*", default=["email-eu", "polblogs"], help="folders of BORG_DATA"
    )
    parser.add_argument("--scale", type=int, default=16, help="of the R-MAT graph; 0 for none")
    parser.add_argument("--rounds", type=int, default=3, help="measurements; medians are shown")
    parser.add_argument("--seconds", type=int, default=120, help="the most that one may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


def compare(options: argparse.Namespace, folder: pathlib.Path) -> list[Row]:
    cases = [
        ["--people", str(options.people), "--mixing", str(mixing)] for mixing in options.mixing
    ]
    data = pathlib.Path(os.environ.get("BORG_DATA") or ROOT.parent / "shared/data")
    for name in options.sets:
        if (data / name / "edges.tsv.gz").exists() and (data / name / "truth.tsv.gz").exists():
            cases.append(["--graph", str(data / name)])
        else:
            say(f"SKIPPED: {name} is not in {data}; set BORG_DATA")
    graphs = []
    for number, arguments in enumerate(cases):
        graphs.append(compare_communities(folder / str(number), arguments, options))
    if options.scale:
        graphs.append(compare_ranks(folder / "ranks", options))
    return graphs


def main() -> None:
    options = parse()
    if options.measure:
        name, file, seed, out = options.measure
        print(json.dumps(measure(name, file, int(seed), out)))
        return
    with tempfile.TemporaryDirectory(prefix="borg-peers-") as folder:
        graphs = compare(options, pathlib.Path(folder))
    if options.json:
        answer = {"versions": versions(options.borg), "rounds": options.rounds, "graphs": graphs}
        print(json.dumps(answer))
        return
    print("\n".join(table(graph) for graph in graphs))
    named = ", ".join(f"{name} {version}" for name, version in versions(options.borg).items())
    print(f"{named}; medians of {options.rounds}, one thread, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
