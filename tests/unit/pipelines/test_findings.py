"""What is wrong with a manifest, in the forms that CI systems read."""

import json

import pytest

from photonctl.codes import Code
from photonctl.errors import Diagnostic, ManifestError
from photonctl.findings import findings_of, in_repository
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.pipelines import pipeline_named
from photonctl.views import findings

EVIL = "a\r\n::set-output name=x::y\n##vso[task.complete]%0A,:;]"
PERSON = Diagnostic(
    code=Code.DECLARED_TWICE,
    file="photon.yaml",
    line=4,
    column=2,
    message='the phone number "+15551234567" is declared twice',
    quotes='"+15551234567"',
    source="- +15551234567",
)


def diagnostic(number=1, **more):
    known = {"code": Code.UNKNOWN_KEY, "file": "photon.yaml", "line": number, "column": 3}
    return Diagnostic(**{**known, "message": f"wrong {number}", **more})


def found(*diagnostics):
    return findings_of(diagnostics, {})


def test_errors_come_before_warnings():
    listed = found(diagnostic(1, is_warning=True), diagnostic(2))

    assert [finding.is_warning for finding in listed] == [False, True]


def test_a_path_is_relative_to_the_repository(tmp_path, monkeypatch):
    (tmp_path / "photon").mkdir()
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "photon")

    assert in_repository("photon.yaml", {}) == "photon/photon.yaml"
    above = {"GITHUB_WORKSPACE": str(tmp_path.parent)}
    assert in_repository("photon.yaml", above) == f"{tmp_path.name}/photon/photon.yaml"
    assert in_repository("-", {}) == "-"


def test_json_says_all_and_others_name_nobody():
    (listed,) = json.loads(findings.render_json(found(PERSON)))

    assert listed["message"] == PERSON.message
    assert (listed["code"], listed["line"], listed["column"]) == ("PH012", 4, 2)
    for public in (findings.render_gitlab, findings.render_sarif):
        assert "5551234" not in public(found(PERSON))
    for lines in (findings.github_lines, findings.azure_lines):
        assert "5551234" not in "".join(lines(found(PERSON)))


@pytest.mark.parametrize("lines", [findings.github_lines, findings.azure_lines])
def test_no_text_begins_a_command(lines):
    (line,) = lines(found(diagnostic(file=EVIL, message=EVIL)))

    assert "\n" not in line
    assert "\r" not in line
    assert "##vso[task.complete" not in line
    assert line.startswith(("::error file=", "##vso[task.logissue type=error;"))


def test_github_properties_are_escaped():
    (line,) = findings.github_lines(found(diagnostic(file="a,b:c%.yaml")))

    assert line.startswith("::error file=a%2Cb%3Ac%25.yaml,line=1,col=3,title=photonctl PH005%3A")


@pytest.mark.parametrize("lines", [findings.github_lines, findings.azure_lines])
@pytest.mark.parametrize(("count", "rest"), [(10, None), (11, "1 more finding:"), (30, "20 more")])
def test_the_worst_ten_are_shown_and_the_rest_counted(lines, count, rest):
    warnings = [diagnostic(n, is_warning=True) for n in range(count - 1)]
    listed = lines(found(*warnings, diagnostic(99)))

    assert "wrong 99" in listed[0]
    assert sum("wrong" in line for line in listed) == 10
    assert (rest in listed[-1]) if rest else len(listed) == 10


def test_a_fingerprint_survives_a_move_and_tells_equal_lines_apart():
    once = json.loads(findings.render_gitlab(found(PERSON)))
    moved = json.loads(
        findings.render_gitlab(found(diagnostic(9, **{**vars_of(PERSON), "line": 9}), PERSON))
    )

    assert once[0]["fingerprint"] == moved[0]["fingerprint"] != moved[1]["fingerprint"]


def test_a_fingerprint_is_no_hash_of_what_is_hidden():
    """A number has few digits to guess."""
    other = diagnostic(
        **{
            **vars_of(PERSON),
            **{
                field: getattr(PERSON, field).replace("+15551234567", "+15559999999")
                for field in ("message", "quotes", "source")
            },
        }
    )
    assert other != PERSON

    for form in (findings.render_gitlab, findings.render_sarif):
        assert form(found(PERSON)) == form(found(other))


def vars_of(found):
    return {name: getattr(found, name) for name in type(found).__slots__}


def test_sarif_has_what_code_scanning_needs():
    report = json.loads(findings.render_sarif(found(PERSON, diagnostic(is_warning=True))))

    (run,) = report["runs"]
    ids = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert report["version"] == "2.1.0"
    assert {result["ruleId"] for result in run["results"]} <= ids
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "photon.yaml"
    assert place["region"] == {"startLine": 4, "startColumn": 2}
    assert all(result["partialFingerprints"] for result in run["results"])


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({}, "none"),
        ({"CI": "true"}, "none"),
        ({"GITHUB_ACTIONS": "true"}, "github"),
        ({"GITLAB_CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
    ],
)
def test_auto_is_the_system_that_runs_this(env, name):
    assert pipeline_named("auto", env).name == name


@pytest.mark.parametrize(
    "line",
    [
        "Ada Lovelace: 1",
        "users: [{Ada Lovelace: 1}]",
        "project: {name: x, Ada Lovelace: 1}",
        "meta: {Ada Lovelace: 1, Ada Lovelace: 2}",
        "users: [!Ada_Lovelace x]",
        "users: [*Ada_Lovelace]",
    ],
)
def test_a_key_or_a_tag_that_names_somebody_is_hidden_from_others(line):
    source = Source(name="m.yaml", data=f"version: 1\n{line}\n".encode())
    with pytest.raises(ManifestError) as caught:
        load([source], Trust())

    listed = found(*caught.value.diagnostics)

    assert any("Lovelace" in finding.message for finding in listed)
    assert not any("Lovelace" in finding.shown for finding in listed)


def test_a_key_that_is_nearly_a_known_one_is_shown():
    source = Source(name="m.yaml", data=b"version: 1\nproject: {nmae: x}\n")
    with pytest.raises(ManifestError) as caught:
        load([source], Trust())

    assert any('unknown key "nmae"' in f.shown for f in found(*caught.value.diagnostics))


@pytest.mark.parametrize("name", ["github", "gitlab", "azure"])
def test_a_title_cant_end_its_line(name, tmp_path):
    pipeline = pipeline_named(name, {"AGENT_TEMPDIRECTORY": str(tmp_path)})

    begin, _ = pipeline.folded(f"Plan {EVIL}")

    assert "\n" not in begin
    assert begin.count("\r") == (name == "gitlab")


def test_no_ci_system_is_shown_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    none = pipeline_named("none", {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")})

    said = [none.annotated(found(PERSON)), none.summarised("x"), none.output({"a": "b"})]

    assert said == [[], [], []]
    assert list(tmp_path.iterdir()) == []


URLS = [
    "http://u:PassW0rdX@a.example.com/?token=TokenValX#FragX",
    "https://a.example.com/h?k=TokenValX&l=PassW0rdX",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("more", ["", ", allowUndeliverable: true"])
def test_no_form_shows_what_may_be_a_secret_of_a_url(url, more):
    text = (
        f"version: 1\nproject: {{name: bot}}\nwebhooks: [{{url: '{url}', eventTypes: 7{more}}}]\n"
    )
    with pytest.raises(ManifestError) as caught:
        load([Source(name="photon.yaml", data=text.encode())], Trust())
    listed = found(*caught.value.diagnostics, *caught.value.warnings)
    listed += found(diagnostic(1, message=f'"{url}" is wrong: {url}'))

    for render in (
        findings.render_json, findings.render_gitlab, findings.render_sarif,
        findings.github_lines, findings.azure_lines,
    ):  # fmt: skip
        shown = str(render(listed))
        assert not any(part in shown for part in ("PassW0rdX", "TokenValX", "FragX"))
        assert "a.example.com" in shown


def test_no_message_is_longer_than_anybody_reads():
    url = "https://" + "\u00e9." * 100_000 + "com/"
    text = f"version: 1\nproject: {{name: bot}}\nwebhooks: ['{url}']\n"

    with pytest.raises(ManifestError) as caught:
        load([Source(name="photon.yaml", data=text.encode())], Trust())

    assert all(len(str(problem)) < 6_000 for problem in caught.value.diagnostics)
    assert any("too long to be shown" in str(problem) for problem in caught.value.diagnostics)
