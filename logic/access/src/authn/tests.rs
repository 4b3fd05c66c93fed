//! Claims as literals, callers or refusals as text.

use serde_json::{Value, json};

use gantry_api::Object;
use gantry_base::Timestamp;

use super::bootstrap;
use super::issuer::{Flags, Issuer};
use super::listed::Listed;
use super::{AuthenticationConfiguration, Refused};
use crate::secret::encoded;

const URL: &str = "https://issuer.example";

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

fn flags() -> Flags {
    Flags {
        issuer_url: URL.to_owned(),
        client_id: "cluster".to_owned(),
        groups_claim: Some("groups".to_owned()),
        groups_prefix: Some("oidc:".to_owned()),
        ..Flags::default()
    }
}

fn claims(changes: Value) -> serde_json::Map<String, Value> {
    let mut claims = json!({
        "iss": URL, "aud": ["cluster", "other"], "sub": "jane", "exp": 1_000_600,
        "email": "jane@example.com", "groups": ["dev", "ops"],
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let Value::Object(claims) = claims else {
        unreachable!("the literal above is a map")
    };
    claims
}

fn refused(flags: &Flags, changes: Value) -> Refused {
    let issuer = Issuer::from_flags(flags).unwrap();
    issuer.caller(&claims(changes), now()).unwrap_err()
}

#[test]
fn a_token_of_an_issuer_names_a_user_and_groups() {
    let issuer = Issuer::from_flags(&flags()).unwrap();
    let caller = issuer.caller(&claims(json!({})), now()).unwrap();
    assert_eq!(caller.user, "https://issuer.example#jane");
    assert_eq!(
        caller.groups,
        ["oidc:dev", "oidc:ops", "system:authenticated"]
    );
    let by_email = Flags {
        username_claim: Some("email".to_owned()),
        ..flags()
    };
    let issuer = Issuer::from_flags(&by_email).unwrap();
    let one = claims(json!({"groups": "dev", "email_verified": true}));
    let caller = issuer.caller(&one, now()).unwrap();
    assert_eq!(caller.user, "jane@example.com");
    assert_eq!(caller.groups, ["oidc:dev", "system:authenticated"]);
}

#[test]
fn an_expired_token_is_refused() {
    assert_eq!(
        refused(&flags(), json!({"exp": 1_000_000})),
        Refused::Expired
    );
    let missing = refused(&flags(), json!({"exp": null}));
    assert_eq!(
        missing,
        Refused::Claim {
            claim: "exp".to_owned()
        }
    );
}

#[test]
fn a_token_that_is_not_valid_yet_is_refused() {
    assert_eq!(
        refused(&flags(), json!({"nbf": 1_000_400})),
        Refused::NotYet
    );
    let issuer = Issuer::from_flags(&flags()).unwrap();
    assert!(
        issuer
            .caller(&claims(json!({"nbf": 1_000_200.5})), now())
            .is_ok()
    );
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let found = vec!["somebody".to_owned()];
    let expected = Refused::Audience { found };
    assert_eq!(refused(&flags(), json!({"aud": "somebody"})), expected);
    assert_eq!(
        refused(&flags(), json!({"aud": null})),
        Refused::Audience { found: Vec::new() }
    );
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let found = format!("{URL}/");
    assert_eq!(
        refused(&flags(), json!({"iss": found})),
        Refused::Issuer { found }
    );
}

#[test]
fn an_address_that_is_not_verified_names_nobody() {
    let by_email = Flags {
        username_claim: Some("email".to_owned()),
        ..flags()
    };
    assert_eq!(
        refused(&by_email, json!({"email_verified": false})),
        Refused::Unverified
    );
    assert_eq!(
        refused(&by_email, json!({"email_verified": "true"})),
        Refused::Unverified
    );
}

#[test]
fn a_claim_that_is_required_must_be_there() {
    let strict = Flags {
        required_claims: vec!["hd=example.com".to_owned()],
        ..flags()
    };
    let expected = Refused::Required {
        claim: "hd".to_owned(),
        required: "example.com".to_owned(),
    };
    assert_eq!(refused(&strict, json!({})), expected);
    let issuer = Issuer::from_flags(&strict).unwrap();
    assert!(
        issuer
            .caller(&claims(json!({"hd": "example.com"})), now())
            .is_ok()
    );
    assert!(matches!(
        refused(&flags(), json!({"groups": [1]})),
        Refused::Claim { .. }
    ));
}

#[test]
fn flags_that_would_let_anybody_in_are_refused() {
    let wrong = |change: fn(&mut Flags)| {
        let mut flags = flags();
        change(&mut flags);
        Issuer::from_flags(&flags).unwrap_err().to_string()
    };
    assert!(wrong(|own| own.issuer_url = "http://issuer.example".to_owned()).contains("https"));
    assert!(wrong(|own| own.client_id.clear()).contains("--oidc-client-id"));
    let algorithm = wrong(|own| own.algorithms = vec!["HS256".to_owned()]);
    assert!(algorithm.contains("--oidc-signing-algs"), "{algorithm}");
}

fn structured(jwt: Value) -> Result<Issuer, String> {
    let file = json!({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [jwt],
    });
    let file: AuthenticationConfiguration =
        serde_json::from_value(file).map_err(|error| error.to_string())?;
    file.check().map_err(|error| error.to_string())?;
    Issuer::read(&file.jwt[0]).map_err(|error| error.to_string())
}

fn expressive() -> Value {
    json!({
        "issuer": {"url": URL, "audiences": ["cluster"]},
        "claimValidationRules": [
            {"expression": "claims.exp - 600 <= 1000000", "message": "lives too long"},
        ],
        "claimMappings": {
            "username": {"expression": "claims.email.split('@')[0]"},
            "groups": {"expression": "claims.groups.map(own, 'x:' + own)"},
            "uid": {"claim": "sub"},
            "extra": [{"key": "example.com/mail", "valueExpression": "claims.email"}],
        },
        "userValidationRules": [
            {"expression": "!user.username.startsWith('system:')", "message": "is the system's"},
        ],
    })
}

#[test]
fn expressions_say_what_claims_become() {
    let issuer = structured(expressive()).unwrap();
    let caller = issuer.caller(&claims(json!({})), now()).unwrap();
    assert_eq!(caller.user, "jane");
    assert_eq!(caller.uid, "jane");
    assert_eq!(caller.groups, ["x:dev", "x:ops", "system:authenticated"]);
    assert_eq!(caller.extra["example.com/mail"], ["jane@example.com"]);
}

#[test]
fn a_rule_that_does_not_hold_refuses_with_its_message() {
    let issuer = structured(expressive()).unwrap();
    let told = |changes| {
        let refused = issuer.caller(&claims(changes), now()).unwrap_err();
        refused.to_string()
    };
    assert!(told(json!({"exp": 2_000_000})).ends_with("lives too long"));
    assert!(told(json!({"email": "system:admin@example.com"})).ends_with("is the system's"));
    assert!(told(json!({"email": 7})).contains("no such overload"));
    assert!(told(json!({"email": "@example.com"})).contains("names no user"));
}

#[test]
fn a_file_that_says_too_little_or_too_much_is_refused() {
    let with = |path: &str, value: Value| {
        let mut jwt = expressive();
        *jwt.pointer_mut(path).unwrap() = value;
        structured(jwt).unwrap_err()
    };
    assert!(with("/issuer/audiences", json!([])).contains("audiences"));
    assert!(with("/issuer/audiences", json!(["a", "b"])).contains("MatchAny"));
    assert!(with("/claimMappings/username", json!({"claim": "sub"})).contains("prefix"));
    let both = json!({"claim": "sub", "prefix": "", "expression": "claims.sub"});
    assert!(with("/claimMappings/username", both).contains("as well"));
    assert!(with("/claimMappings/username", json!({"expression": "1 +"})).contains("username"));
    assert!(with("/userValidationRules/0/expression", json!("claims.a")).contains("claims"));
    assert!(with("/issuer", json!({"url": URL, "audiences": ["a"], "odd": 1})).contains("odd"));
}

#[test]
fn a_listed_token_names_its_user() {
    let listed = Listed::read("# ours\n\nabc,jane,u1,\"dev, ops\"\ndef,\"john, jr\",\n").unwrap();
    let jane = listed.caller("abc").unwrap();
    assert_eq!((jane.user.as_str(), jane.uid.as_str()), ("jane", "u1"));
    assert_eq!(jane.groups, ["dev", "ops", "system:authenticated"]);
    assert_eq!(listed.caller("def").unwrap().user, "john, jr");
    assert_eq!(listed.caller("ab"), None);
    assert!(Listed::read("abc,jane\n").is_err());
    assert!(Listed::read("abc,\"jane,u1\n").is_err());
    assert!(!format!("{listed:?}").contains("abc"));
}

fn bootstrap_secret(changes: &[(&str, &str)]) -> Object {
    let mut secret = json!({"type": bootstrap::TYPE, "metadata": {}, "data": {}});
    let usual = [
        ("token-id", "abcdef"),
        ("token-secret", "0123456789abcdef"),
        ("usage-bootstrap-authentication", "true"),
        ("auth-extra-groups", "system:bootstrappers:workers"),
        ("expiration", "2026-01-01T00:00:00Z"),
    ];
    for (field, text) in usual.iter().chain(changes) {
        secret["data"][*field] = encoded(text).into();
    }
    Object::from_value(secret).unwrap()
}

fn joins(changes: &[(&str, &str)], at: &str) -> Result<gantry_api::Caller, Refused> {
    let halves = bootstrap::halves("abcdef.0123456789abcdef").unwrap();
    bootstrap::caller(halves, &bootstrap_secret(changes), at.parse().unwrap())
}

#[test]
fn a_bootstrap_token_counts_until_it_expires() {
    let caller = joins(&[], "2025-12-31T23:59:59Z").unwrap();
    assert_eq!(caller.user, "system:bootstrap:abcdef");
    assert_eq!(
        caller.groups,
        [
            "system:bootstrappers",
            "system:bootstrappers:workers",
            "system:authenticated"
        ]
    );
    assert_eq!(joins(&[], "2026-01-01T00:00:00Z"), Err(Refused::Expired));
}

#[test]
fn a_bootstrap_token_that_is_not_as_it_should_be_is_refused() {
    let at = "2025-12-31T00:00:00Z";
    for changes in [
        [("token-secret", "0123456789abcdeX")],
        [("token-secret", "")],
        [("token-id", "abcdex")],
        [("usage-bootstrap-authentication", "false")],
        [("auth-extra-groups", "system:masters")],
        [("expiration", "soon")],
    ] {
        assert!(joins(&changes, at).is_err(), "{changes:?}");
    }
    assert_eq!(bootstrap::halves("abcdef.0123456789ABCDEF"), None);
    assert_eq!(bootstrap::halves("abcdef.0123456789abcde"), None);
}

#[test]
fn who_shows_nothing_may_be_kept_to_some_paths() {
    let file = json!({
        "apiVersion": "apiserver.config.k8s.io/v1beta1", "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": true, "conditions": [{"path": "/livez"}]},
    });
    let file: AuthenticationConfiguration = serde_json::from_value(file).unwrap();
    file.check().unwrap();
    let anonymous = file.anonymous.unwrap();
    assert!(anonymous.allows("/livez") && !anonymous.allows("/livez/etcd"));
}
