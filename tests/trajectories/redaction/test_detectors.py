"""What each detector of detect-secrets finds is hidden, too: it judges samples that are drawn."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

from skillgit.trajectories.redaction import redact_text

DRAWS = 60
HEX, LOWER = "0123456789abcdef", string.ascii_lowercase + string.digits
ALNUM = string.ascii_letters + string.digits
WORD = f"{ALNUM}_-"
DETECTORS: dict[str, Any] = get_mapping_from_secret_type_to_class()
SSH2 = "SSH2 ENCRYPTED PRIVATE KEY"
PUBLIC = "Public IP (ipv4)"

_BODY = ((f"{ALNUM}+/", 60),)
# Type: templates with the alphabet and the length of each gap; the whole of a gap must be hidden.
Template = tuple[str, tuple[tuple[str, int], ...]]
KEYS: list[Template] = [
    *(
        (f"-----BEGIN {kind}-----\n{{}}\n-----END {kind}-----", _BODY)
        for kind in (
            *("RSA PRIVATE KEY", "DSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"),
            *("OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
        )
    ),
    (f"---- BEGIN {SSH2} ----\n{{}}\n---- END {SSH2} ----", _BODY),
    ("PuTTY-User-Key-File-2: rsa\nPrivate-Lines: 1\n{}\nPrivate-MAC: ab", _BODY),
]
SAMPLES: dict[str, list[Template]] = {
    "Artifactory Credentials": [("key: AKC{}", ((ALNUM, 60),)), ('"AP6{}"', ((ALNUM, 30),))],
    "AWS Access Key": [
        *(
            (f"id {prefix}{{}} end", ((string.ascii_uppercase + "234567", 16),))
            for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")
        ),
        ("id A3TX{} end", ((string.ascii_uppercase, 16),)),
        ("aws_secret_key = '{}'", ((f"{ALNUM}/+", 40),)),
        ('aws_access_token = "{}"', ((f"{ALNUM}/+", 40),)),
    ],
    "Azure Storage Account access key": [("AccountKey={}==", ((f"{ALNUM}/+", 86),))],
    "Basic Auth Credentials": [("https://bob:{}@example.org/x", ((WORD, 12),))],
    "Cloudant Credentials": [
        ("cloudant_password = {}", ((HEX, 64),)),
        ('cl_pw: "{}"', ((HEX, 64),)),
        ("cloudant_apikey = '{}'", ((string.ascii_lowercase, 24),)),
        ("https://acme:{}@acme.cloudant.com", ((HEX, 64),)),
    ],
    "Discord Bot Token": [("token M{}.{}.{}", ((ALNUM, 23), (ALNUM, 6), (WORD, 27)))],
    "GitHub Token": [(f"x gh{one}_{{}} y", ((ALNUM, 36),)) for one in "pousr"],
    "GitLab Token": [
        *((f"x gl{one}-{{}} y", ((ALNUM, 20),)) for one in ("pat", "dt", "ft", "soat", "rt")),
        ("x GR1348941{} y", ((ALNUM, 20),)),
        ("x glcbt-64_{} y", ((ALNUM, 20),)),
        ("x glimt-{} y", ((ALNUM, 25),)),
        ("x glptt-{} y", ((ALNUM, 40),)),
        ("x glagent-{} y", ((ALNUM, 50),)),
        ("x gloas-{} y", ((ALNUM, 64),)),
    ],
    "IBM Cloud IAM Key": [
        ("ibm_cloud_api_key = {}", ((ALNUM, 44),)),
        ('iam-api-key: "{}"', ((ALNUM, 44),)),
        ("ibm_password = '{}'", ((ALNUM, 44),)),
    ],
    "IBM COS HMAC Credentials": [
        ('secret_access_key = "{}"', ((HEX, 48),)),
        ("cos_hmac_secret_access_key: {}", ((HEX, 48),)),
    ],
    "JSON Web Token": [
        ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{} y", ((ALNUM, 43),)),
    ],
    "Mailchimp Access Key": [("x {}-us9 y", ((HEX, 32),))],
    "NPM tokens": [
        ("//registry.example.org/:_authToken=npm_{}", ((ALNUM, 36),)),
        ("//registry.example.org/:_authToken={}-{}", ((HEX, 8), (HEX, 27))),
    ],
    "OpenAI Token": [("x sk-{}T3BlbkFJ{} y", ((ALNUM, 20), (ALNUM, 20)))],
    "Private Key": KEYS,
    "PyPI Token": [
        ("x pypi-AgEIcHlwaS5vcmc{} y", ((ALNUM, 90),)),
        ("x pypi-AgENdGVzdC5weXBpLm9yZw{} y", ((ALNUM, 90),)),
    ],
    "SendGrid API Key": [("x SG.{}.{} y", ((ALNUM, 22), (ALNUM, 43)))],
    "Slack Token": [
        *((f"x xox{one}-4{{}}-8{{}} y", (("0123456789", 10), (LOWER, 24))) for one in "abpors"),
        ("https://hooks.slack.com/services/T{}/B{}/{}", ((ALNUM, 8), (ALNUM, 8), (ALNUM, 24))),
    ],
    "SoftLayer Credentials": [
        ("softlayer_api_key = '{}'", ((LOWER, 64),)),
        ("sl_key: {}", ((LOWER, 64),)),
        ("https://api.softlayer.com/soap/v3/{}", ((LOWER, 64),)),
    ],
    "Square OAuth Secret": [("x sq0csp-{} y", ((ALNUM, 43),))],
    "Stripe Access Key": [("x sk_live_{} y", ((ALNUM, 24),)), ("x rk_live_{} y", ((ALNUM, 24),))],
    "Telegram Bot Token": [("{}:A{}", (("123456789", 10), (ALNUM, 34)))],
    "Twilio API Key": [("x AC{} y", ((HEX, 32),)), ("x SK{} y", ((HEX, 32),))],
    "Secret Keyword": [
        (text, ((ALNUM, 14),))
        for text in (
            *('password = "{}"', "my_password = '{}'", 'db_pass: "{}"', "secret := '{}'"),
            *('"api_key": "{}"', 'apikey="{}"', 'private_key = "{}"', 'client_key = "{}"'),
            *('service_key: "{}"', 'account_key = "{}"', 'auth_key = "{}"', 'pwd = "{}"'),
            *('contraseña = "{}"', 'passwd == "{}"', 'password != "{}"', 'password => "{}"'),
        )
    ],
}


def drawn(template: Template, draw: random.Random) -> tuple[str, list[str]]:
    text, gaps = template
    values = ["".join(draw.choices(letters, k=length)) for letters, length in gaps]
    return text.format(*values), values


def found(kind: str, text: str) -> bool:
    """Does the detector find something?"""
    detector = DETECTORS[kind]()
    return any(
        detector.analyze_line(filename=name, line=line)
        for line in text.split("\n")
        for name in ("a.py", "a.go", "a.yaml")
    )


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_what_a_detector_finds_is_hidden(kind: str) -> None:
    draw = random.Random(kind)
    for template in SAMPLES[kind]:
        for _ in range(DRAWS):
            text, values = drawn(template, draw)
            if found(kind, text):
                cleaned, _counts = redact_text(f"first line\n{text}\nlast line")
                assert not [value for value in values if value in cleaned], (template[0], values)
        assert found(kind, text), f"the detector itself finds nothing in {text}"


def test_every_detector_is_looked_at() -> None:
    apart = {"Base64 High Entropy String", "Hex High Entropy String", PUBLIC}
    assert set(SAMPLES) | apart == set(DETECTORS)


def test_random_words_are_hidden_where_the_detector_finds_them() -> None:
    """It misses a few of those with long runs of one kind, which names of programs have, too."""
    draw = random.Random(1)
    words = ["".join(draw.choices(ALNUM, k=40)) for _ in range(400)]
    texts = {word: f'x = "{word}"' for word in words}
    known = [word for word in words if found("Base64 High Entropy String", texts[word])]
    hidden = [word for word in known if word not in redact_text(texts[word])[0]]
    assert len(known) > 300
    assert len(hidden) > 0.93 * len(known)


def test_digests_stay_though_a_detector_takes_them_for_secrets() -> None:
    text = f'commit = "{"4e7d1a9c0b3f62858d1e7a6c5b4f39207f8e6d5c"}"'
    assert found("Hex High Entropy String", text)
    assert redact_text(text) == (text, {})


def test_public_addresses_are_hosts() -> None:
    text = "it answers at 52.84.17.203 now"
    assert found(PUBLIC, text)
    assert redact_text(text)[1] == {"host": 1}
