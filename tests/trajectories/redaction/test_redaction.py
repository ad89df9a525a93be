from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.trajectories.documents import digest_of
from skillgit.trajectories.redaction import Redactor, redact_text
from skillgit.types import Outcome, Result, Step, ToolCall, Trajectory

PLACEHOLDER = re.compile(r"\[(?:secret|email|user):[0-9a-f]{6}\]")

# Built from parts, so that scanners of repositories do not take them for real ones.
GITHUB = "ghp_" + "a1B2c3D4e5" * 4
OPENAI = "sk-" + "proj-Ab12Cd34Ef56Gh78Ij90"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PEM = (
    "-----BEGIN RSA " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0F\n\n"
    "MIIEowIBAAKCAQEAx1y2\nz3==\n-----END RSA " + "PRIVATE KEY-----"
)

PLANTED = [
    (PEM, PEM),
    (PEM.replace("\n", "\\n"), "MIIEowIBAAKCAQEAx1y2"),
    ("key " + PEM[:120] + " cut off", PEM[100:120]),
    ("AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXA", "wJalrXUtnFEMI"),
    ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "AIza"),
    (f"git clone https://{GITHUB}@github.com/o/r", GITHUB),
    (f"export GH={GITHUB}", GITHUB),
    ("github_pat_" + "11ABCDEFG0abcdefghij_klmnop", "11ABCDEFG0"),
    ("glpat-" + "x1y2z3-ABCDEFGHIJKLM", "x1y2z3"),
    ("xoxb-" + "123456789012-abcdefABCDEF", "123456789012"),
    ("https://hooks.slack.com/services/" + "T0001/B0002/xyzXYZ123", "xyzXYZ123"),
    (f"OPENAI_API_KEY={OPENAI}", OPENAI),
    (f'{{"code": "x = 1\\n{OPENAI}"}}', OPENAI),
    ("hf_" + "AbCdEfGhIjKlMnOpQrStUvWx", "AbCdEfGhIjKl"),
    ("Authorization: Bearer " + "abcDEF123456.ghi", "abcDEF123456"),
    ("authorization: Basic " + "dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
    (f"cookie {JWT} end", JWT),
    ("password=hunter2", "hunter2"),
    ("PASSWORD=swordfish rest", "swordfish"),
    ("DB_PASS: s3cr3t-pa55", "s3cr3t-pa55"),
    ('{"password": "correct horse battery"}', "correct horse"),
    (r"{\"password\": \"hunter2\"}", "hunter2"),
    ("api_key: 'abcd1234'", "abcd1234"),
    ('"accessToken": "abcdefgh12345678"', "abcdefgh12345678"),
    ("AccountKey=Zm9vYmFyYmF6cXV4MTIz==;Endpoint=x", "Zm9vYmFyYmF6"),
    ("postgres://bob:pa55word@db.example.org/x", "pa55word"),
    ("https://x.org/a?b=1&access_token=abc123DEF&c=2", "abc123DEF"),
    ("curl -u bob:letmein https://x.org", "letmein"),
    ("mail jane.doe+x@mail.example.org now", "jane.doe"),
    (r"first\njane@example.org", "jane@"),
    ("/home/jdoe/project/a.py", "jdoe"),
    (r"cd x\n/home/jdoe/project", "jdoe"),
    ("file:///Users/Jürgen/x", "Jürgen"),
    (r"C:\Users\jdoe\Desktop", "jdoe"),
    (r"C:\\Users\\jdoe\\Desktop", "jdoe"),
]


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_planted_secrets_are_gone(text: str, secret: str) -> None:
    cleaned, counts = redact_text(text)
    assert secret not in cleaned
    assert PLACEHOLDER.search(cleaned)
    assert sum(counts.values()) >= 1
    assert redact_text(cleaned) == (cleaned, {}), "a second pass finds nothing"


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_what_surrounds_a_secret_stays(text: str, secret: str) -> None:
    cleaned, _ = redact_text(f"first line\n{text}\nlast line")
    assert cleaned.startswith("first line\n")
    assert cleaned.endswith("\nlast line")


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=4096, total_tokens: 651838, eos_token=151643",
        "token = tokens[i]; for token in tokenizer(text): print(token)",
        "password = getpass.getpass(); api_key=os.environ['KEY']; key=lambda row: row[1]",
        "SECRET_KEY='test-secret-key', PASSWORD = 'test'; api_key: \"your_api_key_here\"",
        'commit 4e7d1a9c0b3f62858d1e7a6c5b4f39207f8e6d5c; "sha256": "'
        + "4e7d1a9c0b3f6285" * 4
        + '"',
        'id = "6f1c2a7e-9b3d-4c58-8e21-0d4f7a6b5c39"',
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA",
        '"tool_call_id": "toolu_01A09q90qw90lq917835lq9"',
        '"id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"',
        'x = "getHttp2ServerConfigV1Impl"; y = "Qwen3-Coder-30B-A3B-Instruct-FP8"',
        "integrity sha512-z7Rk2Wm9Tb4Vn8Yc3Hd6Jf5Lg1q7Zr2Kx9Wm4Tb8Vn3Yc6Hd5Jf1Lg0PsAeUiOqZx7==",
        "echo 'SGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q=' | base64 -d; cp src/App1/B2c/D3e/F4g.tsx out/",
        "pip install x==10.0.19041.1 version 10.12.13.14 at 12:34:56; threading.local",
        "ls icon@2x.png; @pytest.fixture; 34-@pytest.fixture; W@x.mean(); actions/checkout@v4",
        'password: str = ""; api_key = "<your key>"; secret = "${SECRET}"; token="{token}"',
        "PASS: test_12 passed; the key: column_1; sorted(rows, key=row.name)",
        "npm install react@18.2.0 @types/node@20; git clone git@github.com:o/r.git",
        "/home/user/x /home/ubuntu/y /Users/runner/w http://x.org/home/about",
        "class='sk-toggleable__content-arrow' basic authentication, bearer authentication",
        "docker run --user 1000:1000 -u 0:0 image",
        "=VLOOKUP(A2,'Keys'!$A:$B,2,FALSE); =SUM(A1:A9); https://x.org/?q=a&b=c",
        "ask-a-longer-question-12345678901234567890 desk-1234567890123456789",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == (text, {})


def test_equal_secrets_get_equal_placeholders() -> None:
    cleaned, counts = redact_text(f"a {GITHUB} b {OPENAI} c {GITHUB}")
    found = PLACEHOLDER.findall(cleaned)
    assert counts == {"token": 3}
    assert found[0] == found[2] != found[1]


def test_every_text_of_a_trajectory_is_redacted() -> None:
    step = Step(1, "agent", GITHUB, GITHUB, (ToolCall(GITHUB, GITHUB),), GITHUB)
    outcome = Outcome(Result.FAIL, 0.5, GITHUB, GITHUB)
    made = Trajectory(digest_of(b"raw"), GITHUB, (step,), outcome, GITHUB, "f", GITHUB)
    redactor = Redactor()
    [cleaned] = redactor.all([made])
    assert GITHUB not in repr(cleaned)
    assert redactor.counts == {"token": 10}
    assert (cleaned.digest, cleaned.outcome.result, cleaned.outcome.score) == (
        made.digest,
        Result.FAIL,
        0.5,
    )


pieces = st.lists(
    st.one_of(
        st.sampled_from([text for text, _ in PLANTED]),
        st.sampled_from(
            [" ", "\n", "=", ":", '"', "@", "/home/", "password", "token", "a1", "://"]
        ),
        st.text(max_size=8),
    ),
    max_size=8,
).map("".join)


@given(pieces)
@settings(max_examples=200, deadline=None)
def test_any_text_is_redacted_without_a_crash_and_settles(text: str) -> None:
    once, counts = redact_text(text)
    assert (not counts) == (once == text)
    assert redact_text(once) == (once, {})


def test_tokens_that_are_glued_together_are_all_hidden() -> None:
    google, amazon = "AIza" + "a" * 35, "AKIA" + "B" * 16
    hidden, counts = redact_text(f"{google}{google}{amazon} stays")
    assert counts == {"token": 3}
    assert "AIza" not in hidden
    assert "AKIA" not in hidden
    assert hidden.endswith(" stays")
