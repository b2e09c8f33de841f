"""The command line: the same experiments and labs without a browser, and one sentence for what is refused."""

import json
import subprocess
import sys

import pytest

import vmwidgets as vm
from vmwidgets import cli, experiments, locale


@pytest.fixture
def run(capsys):
    def call(*arguments):
        try:
            code = cli.main(arguments)
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    locale.set_language("en")
    yield call
    locale.set_language(None)


@pytest.fixture
def saved(tmp_path):
    lab = vm.Lab(seed=7)
    lab.create_vm("web server", workload="web", memory_bytes=4 * vm.GiB)
    lab.create_vm("burner", vcpus=4, workload="cpu_burner")
    lab.advance(600)
    lab.save(tmp_path / "experiment.jsonl")
    return lab, str(tmp_path / "experiment.jsonl")


def test_run_prints_a_table(run, saved):
    lab, path = saved
    code, out, err = run("run", path)
    assert (code, err) == (0, "")
    assert out.startswith("<Lab neutral: 2 VMs, tick 600>\n")
    assert lab.digest() in out
    row = next(line for line in out.splitlines() if line.startswith("burner"))
    assert locale.number(lab.snapshot.of("burner")["cpu_used_khz"] / 1000, 1) in row


def test_run_prints_json(run, saved):
    lab, path = saved
    code, out, _ = run("run", path, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["digest"] == lab.digest()
    assert [row.pop("name") for row in told["vms"]] == ["web server", "burner"]
    assert told["vms"] == [lab.snapshot.of("web server"), lab.snapshot.of("burner")]
    for name, pool in told["pools"].items():
        assert pool["vmm"] + pool["used"] + pool["free"] == pool["capacity"] == lab.snapshot.pools[name].capacity


def test_an_empty_lab_has_a_table_too(run, tmp_path):
    vm.Lab().save(tmp_path / "empty.jsonl")
    assert run("run", str(tmp_path / "empty.jsonl"))[0] == 0


def test_damaged_files_are_refused_by_line(run, saved):
    _, path = saved
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"command":"destroy_vm","vm":"nobody"}\n')
    assert run("run", path) == (2, "", "vmwidgets run: line 5: there is no VM 'nobody'\n")
    assert run("run", "missing.jsonl") == (2, "", "vmwidgets run: there is no file missing.jsonl\n")


def test_errors_speak_the_readers_language(run):
    locale.set_language("ru")
    code, _, err = run("run", "missing.jsonl")
    assert code == 2
    assert err == "vmwidgets run: файла missing.jsonl нет\n"


def test_every_experiment_is_listed(run):
    code, out, _ = run("experiment", "--list")
    assert code == 0
    for name in experiments.names():
        assert f"{name}\n" in out
        assert experiments.get(name).source in out
    assert "--set files=(required)" in out
    assert '--set workload="cpu"' in out


def test_the_list_as_json(run):
    told = {one["name"]: one for one in json.loads(run("experiment", "--list", "--json")[1])}
    assert list(told) == list(experiments.names())
    assert told["day_of_traces"]["parameters"]["files"] == {"required": True}
    assert told["weighted_domains"]["parameters"]["weights"] == {"default": [8, 7, 6, 5, 4, 3, 2, 1]}
    assert told["weighted_domains"]["fitted"]


def test_an_experiment_prints_its_table(run):
    code, out, err = run("experiment", "relative_weights", "--set", "weights=[1, 3]")
    assert (code, err) == (0, "")
    assert out.split()[:4] == ["partition", "weight", "share_pct", "processors"]
    assert "75.0" in out


def test_an_experiment_prints_json(run):
    arguments = ("weighted_domains", "--set", "weights=[3,1]", "--set", "workload=disk", "--json")
    told = json.loads(run("experiment", *arguments)[1])
    table = experiments.weighted_domains(weights=[3, 1], workload="disk")
    assert told == table.to_dict("records")


def test_missing_values_are_null(run, tmp_path):
    (tmp_path / "cpu.csv").write_text("50\n")
    told = json.loads(run("experiment", "day_of_traces", "--set", f"files={tmp_path / 'cpu.csv'}", "--json")[1])
    assert told[0]["worst_hour"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["experiment"], "vmwidgets experiment: name an experiment, or list them all with --list"),
        (["experiment", "nothing"], "vmwidgets experiment: there is no experiment nothing, expected one of "),
        (
            ["experiment", "relative_weights", "--set", "weights"],
            "vmwidgets experiment: 'weights' sets nothing, expected",
        ),
        (
            ["experiment", "relative_weights", "--set", "=1"],
            "vmwidgets experiment: '=1' sets nothing, expected KEY=VALUE",
        ),
        (
            ["experiment", "vm_exits", "--set", "halts=1", "--set", "halts=2"],
            "vmwidgets experiment: halts is set twice",
        ),
        (
            ["experiment", "vm_exits", "--set", "halts=NaN"],
            "vmwidgets experiment: halts is nan, expected a whole number",
        ),
        (["experiment", "vm_exits", "--set", "halts=" + "9" * 5000], "vmwidgets experiment: halts is '999"),
        (
            ["experiment", "vm_exits", "--set", "halt=1"],
            "vmwidgets experiment: the experiment vm_exits has no parameter",
        ),
        (
            ["nothing"],
            "vmwidgets: argument lab | doctor | run | experiment | secret | tokens | grade: invalid choice: 'nothing'",
        ),
        ([], "vmwidgets: the following arguments are required: lab | doctor | run | experiment | "),
        (["run"], "vmwidgets run: the following arguments are required: file"),
    ],
)
def test_what_is_refused_gets_one_sentence(run, arguments, told):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(told)
    assert err.count("\n") == 1


def test_lab_and_doctor_are_wired(run, monkeypatch):
    called = []
    monkeypatch.setattr(cli, "run_lab", lambda options: called.append(options) or 0)
    monkeypatch.setattr(cli, "run_doctor", lambda options: called.append(options) or 1)
    assert run("lab", "--lang", "ru", "--no-browser", "--", "--debug")[0] == 0
    assert run("doctor")[0] == 1
    assert (called[0].lang, called[0].no_browser, called[0].jupyter) == ("ru", True, ["--debug"])


def test_a_reader_who_leaves_early_is_no_error():
    shell = f"{sys.executable} -m vmwidgets.cli experiment --list | head -n 1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("mhz_entitlement\n", "")


def test_the_command_line_starts_without_jupyter():
    heavy = "{'pandas', 'ipywidgets', 'IPython', 'bqplot', 'anywidget', 'jupyterlab'}"
    code = f"import sys; from vmwidgets import cli; cli._parser(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
