"""Reports for other tools: what each format demands, whole files, and JSON that comes back as it was."""

import json
from collections import defaultdict
from dataclasses import replace

import pytest
from profiles import large, record, small, started
from record_writer import TRAIN

from lazyimp import profile
from lazyimp.reports import as_json, chrome, folded, otlp, output, speedscope

PROFILES = {
    "small": small(),
    "large": large(400),
    "merged": profile.merge([record(), record()]),
    "empty": profile.build_profile(
        replace(record(), imports=(), deferrals=(), phases=(), marks=(), first_batch=None)
    ),
}
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(params=sorted(PROFILES))
def made(request):
    """Each profile in turn."""
    return PROFILES[request.param]


# -- JSON ----------------------------------------------------------------------------------------------------


def test_json_comes_back_as_it_was(made):
    assert as_json.read(as_json.render(made)) == made


def test_json_of_an_older_version_lacks_columns():
    document = json.loads(as_json.render(small()))
    for name in ("requests", "ranks", "zero_unix_ns"):
        del document["profile"][name]
    nodes = document["profile"]["nodes"]
    place = nodes["columns"].index("function")
    nodes["columns"].pop(place)
    for row in nodes["rows"]:
        row.pop(place)
    read = as_json.read(json.dumps(document))
    assert read.ranks == () and {node.function for node in read.nodes} == {""}


def test_json_of_a_later_minor_change_has_more_columns():
    document = json.loads(as_json.render(small()))
    marks = document["profile"]["marks"]
    marks["columns"].append("later")
    marks["rows"] = [[*row, 1] for row in marks["rows"]]
    document["profile"]["later"] = {}
    assert as_json.read(json.dumps(document)) == small()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a profile"),
        ("[]", "not a profile"),
        ('{"format": "lazyimp-profile", "version": 2}', "format version 2"),
        ('{"format": "lazyimp-profile", "version": 1}', "damaged"),
        ('{"format": "lazyimp-profile", "version": 1, "profile": {"nodes": 5}}', "damaged"),
    ],
)
def test_json_that_cannot_be_read_is_refused_politely(text, message):
    with pytest.raises(profile.ProfileError, match=message):
        as_json.read(text)


# -- Chrome trace --------------------------------------------------------------------------------------------


def test_a_trace_has_what_viewers_need(made):
    trace = json.loads(chrome.render(made))
    for event in trace["traceEvents"]:
        assert event["ph"] in "MXi" and {"name", "pid", "tid"} <= set(event)
        if event["ph"] == "X":
            assert event["dur"] >= 0 and isinstance(event["ts"], float)
    assert trace["baseTimeNanoseconds"] == made.zero_unix_ns
    imports = [event for event in trace["traceEvents"] if event.get("cat", "").startswith("import")]
    assert len(imports) == len(made.nodes)


def test_slices_of_a_trace_are_nested(made):
    tracks = defaultdict(list)
    for event in json.loads(chrome.render(made))["traceEvents"]:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append((round(event["ts"] * 1000), round(event["dur"] * 1000)))
    for events in tracks.values():
        open_ones = []
        for start, wall in sorted(events, key=lambda each: (each[0], -each[1])):
            while open_ones and open_ones[-1] <= start + 1:
                open_ones.pop()
            assert not open_ones or start + wall <= open_ones[-1] + 2  # rounded to nanoseconds
            open_ones.append(start + wall)


def test_a_trace_goes_together_with_another():
    made = small()
    theirs = {"ph": "X", "name": "aten::add", "ts": 1.5, "dur": 2, "pid": 4242, "tid": 4242}
    base = made.zero_unix_ns - 5_000_000
    other = json.dumps({"baseTimeNanoseconds": base, "schemaVersion": 1, "traceEvents": [theirs]})
    both, own = json.loads(chrome.render(made, beside=other)), json.loads(chrome.render(made))
    assert (both["schemaVersion"], both["baseTimeNanoseconds"]) == (1, base)
    assert both["traceEvents"][0] == theirs
    ours = [event for event in both["traceEvents"][1:] if event["ph"] == "X"]
    times = [event["ts"] for event in own["traceEvents"] if event["ph"] == "X"]
    assert [event["ts"] for event in ours] == [round(each + 5000, 3) for each in times]
    assert theirs["tid"] not in {event["tid"] for event in ours}


@pytest.mark.parametrize("other", ["nonsense", "{}", '{"traceEvents": 5}'])
def test_only_a_trace_goes_together_with_a_trace(other):
    with pytest.raises(profile.ProfileError, match="no Chrome trace"):
        chrome.render(small(), beside=other)


def test_a_trace_marks_the_first_batch_and_first_uses():
    instants = {
        event["name"]: event
        for event in json.loads(chrome.render(small()))["traceEvents"]
        if event["ph"] == "i"
    }
    assert instants["first batch"]["s"] == "g"
    assert instants["first use of pandas"]["args"] == {"deferred": "loading.py:3", "used": "loading.py:31"}


def test_ranks_with_one_pid_are_apart():
    made = PROFILES["merged"]
    names = [
        event for event in json.loads(chrome.render(made))["traceEvents"] if event["name"] == "process_name"
    ]
    assert len({event["pid"] for event in names}) == len(made.processes)
    assert [event["args"]["name"] for event in names][:1] == ["rank 0: train.py"]


# -- speedscope, folded --------------------------------------------------------------------------------------


def test_speedscope_events_open_and_close_in_order(made):
    document = json.loads(speedscope.render(made))
    assert document["$schema"].endswith("file-format-schema.json") and document["profiles"]
    frames = document["shared"]["frames"]
    for one in document["profiles"]:
        assert one["type"] == "evented" and one["unit"] == "microseconds"
        open_ones, now = [], one["startValue"]
        for event in one["events"]:
            assert event["at"] >= now and 0 <= event["frame"] < len(frames)
            now = event["at"]
            if event["type"] == "O":
                open_ones.append(event["frame"])
            else:
                assert open_ones.pop() == event["frame"]
        assert not open_ones and now <= one["endValue"]
    assert all(set(frame) <= {"name", "file", "line", "col"} and frame["name"] for frame in frames)


def test_folded_stacks_add_up(made):
    total = 0
    for line in folded.render(made).splitlines():
        stack, _, count = line.rpartition(" ")
        assert stack and int(count) > 0
        total += int(count)
    own = sum(node.self_wall_s for node in made.nodes) * 1e6
    assert total == pytest.approx(own, abs=len(made.nodes) + 1)


def test_folded_frames_cannot_be_confused():
    w = started()
    w.load("a;b", f"{TRAIN}:1", 5)
    made = profile.build_profile(w.record())
    assert folded.render(made) == "main-imports;a:b 5000\n"


# -- OpenTelemetry -------------------------------------------------------------------------------------------


def spans_of(document):
    return [
        span for each in document["resourceSpans"] for scope in each["scopeSpans"] for span in scope["spans"]
    ]


def test_spans_hang_together(made):
    spans = spans_of(json.loads(otlp.render(made, least_s=0)))
    ids = [span["spanId"] for span in spans]
    assert len(set(ids)) == len(ids) and len({span["traceId"] for span in spans}) == 1
    (root,) = [span for span in spans if "parentSpanId" not in span]
    assert root["name"] == "time to first batch"
    for span in spans:
        assert len(span["spanId"]) == 16 and int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span is root or span["parentSpanId"] in ids
    assert len(spans) == 1 + len(made.phases) + len(made.nodes)


def test_a_trace_that_somebody_began_goes_on():
    document = json.loads(otlp.render(small(), traceparent=TRACEPARENT, service="trainer"))
    spans = spans_of(document)
    assert {span["traceId"] for span in spans} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert spans[0]["parentSpanId"] == "00f067aa0ba902b7"
    resource = {each["key"]: each["value"] for each in document["resourceSpans"][0]["resource"]["attributes"]}
    assert resource["service.name"] == {"stringValue": "trainer"}


@pytest.mark.parametrize(
    "given", ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", TRACEPARENT[:-4]]
)
def test_a_wrong_traceparent_begins_a_trace(given):
    assert "parentSpanId" not in spans_of(json.loads(otlp.render(small(), traceparent=given)))[0]


def test_short_imports_get_no_span():
    names = [span["name"] for span in spans_of(json.loads(otlp.render(small())))]
    assert "import numpy" in names and "import _json" not in names
    failed = [span for span in spans_of(json.loads(otlp.render(small()))) if span.get("status")]
    assert {span["name"] for span in failed} == {"import tensorrt", "import wandb", "import torch_xla"}


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.json", '{\n "format": "lazyimp-profile"'),
        ("a.trace.json", '{"displayTimeUnit"'),
        ("a.speedscope.json", '{"$schema"'),
        ("a.otlp.json", '{"resourceSpans"'),
        ("a.folded", "dataset-open;pandas"),
        ("a.md", "### Time to first batch"),
        ("a.txt", "Time to first batch"),
    ],
)
def test_a_files_name_tells_the_format(tmp_path, name, begins):
    output.write(small(), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_reports_are_the_same_bytes_for_the_same_run(made):
    for name in output.REPORTERS:
        if name != "html":
            assert output.rendered(made, name) == output.rendered(replace(made), name)


def test_what_cannot_be_written_is_said_in_one_line(tmp_path):
    with pytest.raises(output.ReportError, match=r"cannot tell the format of 'a\.xyz'"):
        output.write(small(), "a.xyz")
    with pytest.raises(output.ReportError, match="cannot write"):
        output.write(small(), tmp_path / "none" / "a.json")
    with pytest.raises(output.ReportError, match="did you mean 'folded'"):
        output.rendered(small(), "foldde")
    (tmp_path / "a.json").mkdir()
    with pytest.raises(output.ReportError, match="cannot write"):
        output.write(small(), tmp_path / "a.json")
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
