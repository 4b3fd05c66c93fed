//! What claims become: a claim as it is, or what an expression makes of all of them.

use serde_json::{Map, Value as Json};

use gantry_cel::{Environment, Machine, Program, Returns, Type, Value};

use super::configuration::{ConfigurationError, wrong};
use super::refused::Refused;

/// How much all expressions of one token may cost.
const BUDGET: u64 = 1_000_000;

/// The claims of one token, by name.
pub(super) type Claims = Map<String, Json>;

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// It is not asked for.
    Nothing,
    /// A claim, with something before its value.
    Claim {
        name: String,
        prefix: String,
    },
    Expression(Expression),
}

/// An expression, and what it may use.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    text: String,
    environment: Environment,
    program: Program,
    /// The one name that it may use: `claims` or `user`.
    over: &'static str,
}

impl Source {
    /// Either a claim or an expression; both are one too many.
    pub(super) fn read(
        field: &'static str,
        (claim, prefix): (&str, &str),
        expression: &str,
    ) -> Result<Self, ConfigurationError> {
        match (claim.is_empty(), expression.is_empty()) {
            (true, true) => Ok(Self::Nothing),
            (false, true) => Ok(Self::Claim {
                name: claim.to_owned(),
                prefix: prefix.to_owned(),
            }),
            (true, false) => {
                let over = "claims";
                Expression::read(field, expression, over, Returns::Anything).map(Self::Expression)
            }
            (false, false) => Err(wrong(field, claim, "there is an expression as well")),
        }
    }

    /// The one text.
    pub(super) fn text(&self, claims: &Json) -> Result<Option<String>, Refused> {
        match self {
            Self::Nothing => Ok(None),
            Self::Claim { name, prefix } => {
                let missing = || Refused::Claim {
                    claim: name.clone(),
                };
                let found = claims.get(name).and_then(Json::as_str);
                Ok(Some(format!("{prefix}{}", found.ok_or_else(missing)?)))
            }
            Self::Expression(expression) => {
                let found = expression.evaluate(claims)?;
                let text = found.as_str().map(str::to_owned);
                text.map(Some)
                    .ok_or_else(|| expression.failed("it gives no text"))
            }
        }
    }

    /// All texts: of one or of a list. What is missing is none.
    pub(super) fn texts(&self, claims: &Json) -> Result<Vec<String>, Refused> {
        match self {
            Self::Nothing => Ok(Vec::new()),
            Self::Claim { name, prefix } => {
                let wrong = || Refused::Claim {
                    claim: name.clone(),
                };
                let found = match claims.get(name) {
                    None | Some(Json::Null) => Vec::new(),
                    Some(Json::String(one)) => vec![one.as_str()],
                    Some(Json::Array(all)) => {
                        let all = all.iter().map(Json::as_str);
                        all.collect::<Option<_>>().ok_or_else(wrong)?
                    }
                    Some(Json::Bool(_) | Json::Number(_) | Json::Object(_)) => return Err(wrong()),
                };
                Ok(found.iter().map(|own| format!("{prefix}{own}")).collect())
            }
            Self::Expression(expression) => texts(expression, &expression.evaluate(claims)?),
        }
    }
}

/// The texts that an expression gave; empty ones are none.
fn texts(expression: &Expression, found: &Value<'_>) -> Result<Vec<String>, Refused> {
    let mut all: Vec<String> = Vec::new();
    if let Value::List(list) = found {
        for one in list.iter() {
            let text = one.as_str().map(str::to_owned);
            all.push(text.ok_or_else(|| expression.failed("it gives something but texts"))?);
        }
    } else if let Some(text) = found.as_str() {
        all.push(text.to_owned());
    } else if !matches!(found, Value::Null) {
        return Err(expression.failed("it gives neither a text nor a list"));
    }
    all.retain(|text| !text.is_empty());
    Ok(all)
}

impl Expression {
    pub(super) fn read(
        field: &'static str,
        text: &str,
        over: &'static str,
        returns: Returns,
    ) -> Result<Self, ConfigurationError> {
        let environment = Environment::new().with(over, Type::Dyn);
        let compiled = environment.compile(text, returns);
        let program = compiled.map_err(|error| wrong(field, text, error.to_string()))?;
        Ok(Self {
            text: text.to_owned(),
            environment,
            program,
            over,
        })
    }

    pub(super) fn failed(&self, why: &str) -> Refused {
        Refused::Rule {
            expression: self.text.clone(),
            why: why.to_owned(),
        }
    }

    /// What it gives.
    pub(super) fn evaluate<'a>(&'a self, over: &'a Json) -> Result<Value<'a>, Refused> {
        let mut machine = Machine::new(&self.environment).with_budget(BUDGET);
        machine.set(self.over, Value::tree(over));
        let found = machine.evaluate(&self.program);
        found.map_err(|problem| self.failed(&problem.to_string()))
    }

    /// Whether it is true; `message` says what it means that it is not.
    pub(super) fn require(&self, over: &Json, message: &str) -> Result<(), Refused> {
        match self.evaluate(over)?.as_bool() {
            Some(true) => Ok(()),
            Some(false) | None if message.is_empty() => Err(self.failed("it is not true")),
            Some(false) | None => Err(self.failed(message)),
        }
    }
}
