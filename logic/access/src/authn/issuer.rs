//! An issuer outside of the cluster, and whom its tokens speak for.

use serde_json::{Value as Json, json};

use gantry_api::Caller;
use gantry_base::Timestamp;
use gantry_cel::Returns;

use super::configuration::{ClaimRule, ConfigurationError, Jwt, wrong};
use super::mapping::{Claims, Expression, Source};
use super::refused::Refused;

/// How much earlier than its time a token is accepted: clocks of issuers may be ahead.
const LEEWAY_SECONDS: i64 = 300;
/// The algorithms that an issuer may sign with; all of them have public keys.
pub const ALGORITHMS: [&str; 8] = [
    "ES256", "ES384", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
];

/// An issuer, and what its tokens mean.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// What its tokens call it.
    pub url: String,
    /// Where it is asked for where its keys are.
    pub discovery_url: String,
    /// Who vouches for it, in PEM; whoever the machine trusts when there is none.
    pub authority: Option<String>,
    /// What it may sign with.
    pub algorithms: Vec<String>,
    audiences: Vec<String>,
    rules: Vec<Rule>,
    username: Source,
    groups: Source,
    uid: Source,
    extra: Vec<(String, Source)>,
    user_rules: Vec<(Expression, String)>,
}

/// What must hold for claims.
#[derive(Clone, Debug)]
enum Rule {
    Equals {
        claim: String,
        value: String,
    },
    Holds {
        expression: Expression,
        message: String,
    },
}

/// What was said on the command line instead of in a file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--oidc-issuer-url`.
    pub issuer_url: String,
    /// `--oidc-client-id`.
    pub client_id: String,
    /// `--oidc-username-claim`.
    pub username_claim: Option<String>,
    /// `--oidc-username-prefix`.
    pub username_prefix: Option<String>,
    /// `--oidc-groups-claim`.
    pub groups_claim: Option<String>,
    /// `--oidc-groups-prefix`.
    pub groups_prefix: Option<String>,
    /// `--oidc-required-claim`, each as `key=value`.
    pub required_claims: Vec<String>,
    /// `--oidc-signing-algs`.
    pub algorithms: Vec<String>,
    /// The content of `--oidc-ca-file`.
    pub authority: Option<String>,
}

impl Issuer {
    /// The issuer of a file.
    pub fn read(jwt: &Jwt) -> Result<Self, ConfigurationError> {
        let issuer = &jwt.issuer;
        check_url("issuer.url", &issuer.url)?;
        if issuer.audiences.is_empty() {
            return Err(wrong("issuer.audiences", "[]", "at least one is required"));
        }
        let policy = issuer.audience_match_policy.as_str();
        if !(policy == "MatchAny" || policy.is_empty() && issuer.audiences.len() == 1) {
            let detail = "must be MatchAny when there are several audiences";
            return Err(wrong("issuer.audienceMatchPolicy", policy, detail));
        }
        let discovery_url = match issuer.discovery_url.as_str() {
            "" => discovery(&issuer.url),
            given => given.to_owned(),
        };
        check_url("issuer.discoveryURL", &discovery_url)?;
        let maps = &jwt.claim_mappings;
        let named = |own: &super::configuration::Prefixed| {
            (own.claim.clone(), own.prefix.clone().unwrap_or_default())
        };
        let (name, groups) = (named(&maps.username), named(&maps.groups));
        for (own, field) in [(&maps.username, "username"), (&maps.groups, "groups")] {
            if !own.claim.is_empty() && own.prefix.is_none() {
                return Err(wrong(
                    "claimMappings.prefix",
                    field,
                    "required with a claim",
                ));
            }
        }
        let username = Source::read(
            "claimMappings.username",
            (&name.0, &name.1),
            &maps.username.expression,
        )?;
        if matches!(username, Source::Nothing) {
            return Err(wrong(
                "claimMappings.username",
                "",
                "claim or expression is required",
            ));
        }
        let extra = maps.extra.iter().map(|own| {
            let source = Source::read("claimMappings.extra", ("", ""), &own.value_expression)?;
            Ok((own.key.clone(), source))
        });
        let user_rules = jwt.user_validation_rules.iter().map(|rule| {
            let field = "userValidationRules.expression";
            let expression = Expression::read(field, &rule.expression, "user", Returns::Bool)?;
            Ok((expression, rule.message.clone()))
        });
        let authority = &issuer.certificate_authority;
        Ok(Self {
            url: issuer.url.clone(),
            discovery_url,
            authority: (!authority.is_empty()).then(|| authority.clone()),
            algorithms: ALGORITHMS.map(str::to_owned).to_vec(),
            audiences: issuer.audiences.clone(),
            rules: jwt
                .claim_validation_rules
                .iter()
                .map(rule)
                .collect::<Result<_, _>>()?,
            username,
            groups: Source::read(
                "claimMappings.groups",
                (&groups.0, &groups.1),
                &maps.groups.expression,
            )?,
            uid: Source::read(
                "claimMappings.uid",
                (&maps.uid.claim, ""),
                &maps.uid.expression,
            )?,
            extra: extra.collect::<Result<_, _>>()?,
            user_rules: user_rules.collect::<Result<_, _>>()?,
        })
    }

    /// The issuer of a command line.
    pub fn from_flags(flags: &Flags) -> Result<Self, ConfigurationError> {
        check_url("--oidc-issuer-url", &flags.issuer_url)?;
        if flags.client_id.is_empty() {
            return Err(wrong(
                "--oidc-client-id",
                "",
                "required with --oidc-issuer-url",
            ));
        }
        let claim = flags.username_claim.as_deref().unwrap_or("sub");
        let prefix = match flags.username_prefix.as_deref() {
            Some("-") => String::new(),
            Some(given) => given.to_owned(),
            // An address is one of a kind already.
            None if claim == "email" => String::new(),
            None => format!("{}#", flags.issuer_url),
        };
        let algorithms = match flags.algorithms.as_slice() {
            [] => vec!["RS256".to_owned()],
            given => given.to_vec(),
        };
        if let Some(odd) = algorithms
            .iter()
            .find(|own| !ALGORITHMS.contains(&own.as_str()))
        {
            let detail = format!("expected some of {}", ALGORITHMS.join(", "));
            return Err(wrong("--oidc-signing-algs", odd, detail));
        }
        let required = flags.required_claims.iter().map(|pair| {
            let (claim, value) = pair
                .split_once('=')
                .ok_or_else(|| wrong("--oidc-required-claim", pair, "expected key=value"))?;
            Ok(Rule::Equals {
                claim: claim.to_owned(),
                value: value.to_owned(),
            })
        });
        Ok(Self {
            url: flags.issuer_url.clone(),
            discovery_url: discovery(&flags.issuer_url),
            authority: flags.authority.clone(),
            algorithms,
            audiences: vec![flags.client_id.clone()],
            rules: required.collect::<Result<_, _>>()?,
            username: Source::read("--oidc-username-claim", (claim, &prefix), "")?,
            groups: Source::read(
                "--oidc-groups-claim",
                (
                    flags.groups_claim.as_deref().unwrap_or(""),
                    flags.groups_prefix.as_deref().unwrap_or(""),
                ),
                "",
            )?,
            uid: Source::Nothing,
            extra: Vec::new(),
            user_rules: Vec::new(),
        })
    }

    /// Whom a token speaks for that says `claims`, the signature of which was found to be good.
    pub fn caller(&self, claims: &Claims, now: Timestamp) -> Result<Caller, Refused> {
        self.check_frame(claims, now)?;
        let claims = Json::Object(claims.clone());
        for rule in &self.rules {
            rule.check(&claims)?;
        }
        let user = self.username.text(&claims)?.unwrap_or_default();
        self.check_email(&claims)?;
        let mut caller = Caller {
            groups: self.groups.texts(&claims)?,
            uid: self.uid.text(&claims)?.unwrap_or_default(),
            user,
            ..Caller::default()
        };
        for (key, source) in &self.extra {
            let values = source.texts(&claims)?;
            if !values.is_empty() {
                caller.extra.insert(key.clone(), values);
            }
        }
        if caller.user.is_empty() {
            return Err(Refused::Nobody);
        }
        let user = json!({
            "username": caller.user, "uid": caller.uid,
            "groups": caller.groups, "extra": caller.extra,
        });
        for (expression, message) in &self.user_rules {
            expression.require(&user, message)?;
        }
        caller
            .groups
            .push(gantry_api::caller::AUTHENTICATED.to_owned());
        Ok(caller)
    }

    /// Who issued it, for whom, and whether its time is now.
    fn check_frame(&self, claims: &Claims, now: Timestamp) -> Result<(), Refused> {
        let issuer = claims.get("iss").and_then(Json::as_str).unwrap_or_default();
        if issuer != self.url {
            return Err(Refused::Issuer {
                found: issuer.to_owned(),
            });
        }
        let second = |claim: &str| number(claims.get(claim));
        let missing = || Refused::Claim {
            claim: "exp".to_owned(),
        };
        if second("exp").ok_or_else(missing)? <= now.as_second() {
            return Err(Refused::Expired);
        }
        let begins = match claims.get("nbf") {
            None => None,
            Some(_) => Some(second("nbf").ok_or_else(|| Refused::Claim {
                claim: "nbf".to_owned(),
            })?),
        };
        if begins.is_some_and(|begins| now.as_second().saturating_add(LEEWAY_SECONDS) < begins) {
            return Err(Refused::NotYet);
        }
        let meant = match claims.get("aud") {
            Some(Json::String(one)) => vec![one.clone()],
            Some(Json::Array(all)) => {
                let texts = all.iter().filter_map(Json::as_str);
                texts.map(str::to_owned).collect()
            }
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_)) | None => {
                Vec::new()
            }
        };
        if meant.iter().any(|own| self.audiences.contains(own)) {
            return Ok(());
        }
        Err(Refused::Audience { found: meant })
    }

    /// An address that names the user has to be theirs, where the token says whether it is.
    fn check_email(&self, claims: &Json) -> Result<(), Refused> {
        let names =
            |source: &Source| matches!(source, Source::Claim { name, .. } if name == "email");
        match claims.get("email_verified") {
            Some(verified) if names(&self.username) && *verified != Json::Bool(true) => {
                Err(Refused::Unverified)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Whole seconds; some issuers write fractions, which are cut off.
fn number(value: Option<&Json>) -> Option<i64> {
    let text = value?.as_number()?.to_string();
    let whole = text.split('.').next()?;
    whole.parse().ok()
}

fn rule(rule: &ClaimRule) -> Result<Rule, ConfigurationError> {
    let field = "claimValidationRules.expression";
    match (rule.claim.is_empty(), rule.expression.is_empty()) {
        (false, true) => Ok(Rule::Equals {
            claim: rule.claim.clone(),
            value: rule.required_value.clone(),
        }),
        (true, false) => Ok(Rule::Holds {
            expression: Expression::read(field, &rule.expression, "claims", Returns::Bool)?,
            message: rule.message.clone(),
        }),
        (true, true) | (false, false) => Err(wrong(
            "claimValidationRules",
            &rule.claim,
            "expected either a claim or an expression",
        )),
    }
}

impl Rule {
    fn check(&self, claims: &Json) -> Result<(), Refused> {
        match self {
            Self::Equals { claim, value } => {
                let found = claims.get(claim).and_then(Json::as_str);
                if found == Some(value) {
                    return Ok(());
                }
                Err(Refused::Required {
                    claim: claim.clone(),
                    required: value.clone(),
                })
            }
            Self::Holds {
                expression,
                message,
            } => expression.require(claims, message),
        }
    }
}

fn check_url(field: &'static str, url: &str) -> Result<(), ConfigurationError> {
    let rest = url.strip_prefix("https://");
    let is_plain = rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['@', '?', '#', ' '])
    });
    if is_plain {
        return Ok(());
    }
    let detail = "expected https://, a host, and no user, query or fragment";
    Err(wrong(field, url, detail))
}

fn discovery(url: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        url.trim_end_matches('/')
    )
}
