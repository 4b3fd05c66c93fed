//! Whatever somebody shows to prove who they are: tokens, certificates, requests for certificates.

use std::sync::LazyLock;
use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_kinds::certificates::wishes;
use gantry_pki::{Authority, Certificate, Jwks, TokenKey, Usages, claimed_issuer, needs_renewal};

/// What tokens know.
pub(super) const TOKENS: &[&str] = &[
    ".",
    "..",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJFUzI1NiJ9",
    "e30",
    "W10",
    "eyJpc3MiOiJhIn0",
    "=",
    "-",
    "_",
];
/// What requests know.
pub(super) const REQUESTS: &[&str] = &[
    "-----BEGIN CERTIFICATE REQUEST-----\n",
    "-----END CERTIFICATE REQUEST-----\n",
    "-----BEGIN NEW CERTIFICATE REQUEST-----\n",
    "MII",
    "MA0G",
    "BgNV",
    "oAAw",
    "\n",
];

/// The published half of the key that the signed inputs of the corpus are signed with.
const KEYS: &str = r#"{"keys": [
    {"kty": "EC", "crv": "P-256", "kid": "a", "x": "zQK9Wcw97OVv2BxdecldFKb5UAHl8FuZ1_Iuo6uX_vU", "y": "MST6kBVn8Ab-LFdPcPlzO37-_L36bLuT91xQyHtYzJg"}
]}"#;

static JWKS: LazyLock<Jwks> =
    LazyLock::new(|| Jwks::read(KEYS.as_bytes()).expect("the keys above can be read"));
static OWN: LazyLock<TokenKey> =
    LazyLock::new(|| TokenKey::create().expect("there is chance enough for a key"));
static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::create(now()).expect("there is chance enough for an authority"));

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("it is a time of this century")
}

/// A token counts when it says what the key signed, and for no key that never signed.
pub(super) fn token(input: &[u8]) -> String {
    let Ok(token) = std::str::from_utf8(input) else {
        return "no text".to_owned();
    };
    let claimed = claimed_issuer(token);
    assert!(
        OWN.verify(token, &[gantry_pki::ISSUER], now()).is_err(),
        "a new key has signed nothing"
    );
    let algorithms = ["ES256", "ES384", "RS256", "HS256"].map(str::to_owned);
    match JWKS.verify(token, &algorithms) {
        Ok(claims) => {
            assert_eq!(claims["sub"], "jane", "nothing else was ever signed");
            assert_eq!(claimed.as_deref(), claims["iss"].as_str());
            "counts".to_owned()
        }
        Err(error) => {
            let told = error.to_string();
            told.split('"').next().unwrap_or_default().to_owned()
        }
    }
}

/// What a certificate says can be told, whatever it says.
pub(super) fn certificate(input: &[u8]) -> String {
    match Certificate::from_der(input) {
        Ok(found) => {
            assert!(found.not_before <= found.issued_at());
            let due = if needs_renewal(&found, now()) {
                ", due"
            } else {
                ""
            };
            let (groups, names) = (found.subject.groups.len(), found.names.len());
            format!("{} groups, {} names{due}", groups.min(3), names.min(3))
        }
        Err(_) => "no certificate".to_owned(),
    }
}

/// A certificate that answers a request says what was judged of the request, and no more.
pub(super) fn request(input: &[u8]) -> String {
    let wishes = wishes(input);
    let usages = Usages {
        client: true,
        signature: true,
        ..Usages::default()
    };
    let life = Duration::from_secs(3600);
    let Ok(pem) = AUTHORITY.answer(input, usages, life, now()) else {
        return if wishes.is_some() {
            "read, not answered"
        } else {
            "no request"
        }
        .to_owned();
    };
    let found = Certificate::from_pem(&pem).expect("what is issued can be read");
    let wishes = wishes.expect("what is answered can be judged");
    assert_eq!(found.subject.user, wishes.user);
    assert_eq!(found.subject.groups, wishes.organizations);
    assert!(found.names.len() <= wishes.hosts, "an address may be none");
    assert_eq!(found.not_after, after(now(), life));
    format!("answered, {} other names", wishes.others.min(3))
}
