//! `PriorityLevelConfiguration`: how many requests of a level run at once, and what becomes of the
//! others.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::flowcontrol::v1::{
    LimitResponse, LimitedPriorityLevelConfiguration, PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec, QueuingConfiguration,
};
use serde_json::Value;

use super::{condition_types, system};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, check};
use crate::rules::Rules;
use crate::subresource::Subresource;

const SHARES: i32 = 30;
const QUEUES: i32 = 64;
const HAND: i32 = 8;
const QUEUE_LENGTH: i32 = 50;
const QUEUES_MAX: i32 = 10_000_000;
/// A request is dealt its queues from a hash of this many bits.
const HASH_BITS: u32 = 60;
const TYPES: [&str; 2] = ["Exempt", "Limited"];
const RESPONSES: [&str; 2] = ["Queue", "Reject"];
const COUNT: &str = "must be a non-negative integer";

/// How many requests of a level run at once.
#[derive(Debug)]
pub struct PriorityLevelConfigurations;

impl Kind for PriorityLevelConfigurations {
    type Object = PriorityLevelConfiguration;

    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<PriorityLevelConfiguration>] = &[
        Column::NAME,
        Column::text("Type", "Whether it is limited at all.", |level, _| {
            level.spec.as_ref().map_or("", |spec| &spec.type_).into()
        }),
        Column::text(
            "NominalConcurrencyShares",
            "Its part of all.",
            |level, _| shown(limited(level).and_then(|limited| limited.nominal_concurrency_shares)),
        ),
        Column::text("Queues", "How many queues there are.", |level, _| {
            shown(queuing(level).and_then(|queuing| queuing.queues))
        }),
        Column::text(
            "HandSize",
            "Of how many queues one is chosen.",
            |level, _| shown(queuing(level).and_then(|queuing| queuing.hand_size)),
        ),
        Column::text(
            "QueueLengthLimit",
            "How many wait in one queue.",
            |level, _| shown(queuing(level).and_then(|queuing| queuing.queue_length_limit)),
        ),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);

    fn default(level: &mut PriorityLevelConfiguration) {
        let Some(spec) = &mut level.spec else { return };
        if let Some(exempt) = &mut spec.exempt {
            exempt.nominal_concurrency_shares.get_or_insert(0);
            exempt.lendable_percent.get_or_insert(0);
        }
        let Some(limited) = &mut spec.limited else {
            return;
        };
        limited.nominal_concurrency_shares.get_or_insert(SHARES);
        limited.lendable_percent.get_or_insert(0);
        let queuing = limited.limit_response.as_mut();
        if let Some(queuing) = queuing.and_then(|response| response.queuing.as_mut()) {
            queuing.queues.get_or_insert(QUEUES);
            queuing.hand_size.get_or_insert(HAND);
            queuing.queue_length_limit.get_or_insert(QUEUE_LENGTH);
        }
    }

    fn validate(
        level: &PriorityLevelConfiguration,
        _old: Option<&PriorityLevelConfiguration>,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("spec");
        let spec = level.spec.clone().unwrap_or_default();
        validate_spec(&spec, level.name(), &path, errors);
        fixed(&spec, level.name(), &path, errors);
    }

    fn validate_status(
        level: &PriorityLevelConfiguration,
        _old: &PriorityLevelConfiguration,
        errors: &mut FieldErrors,
    ) {
        let status = level.status.clone().unwrap_or_default();
        let conditions = status.conditions.iter().flatten();
        condition_types(conditions.map(|own| own.type_.as_ref()), errors);
    }
}

fn shown(number: Option<i32>) -> Value {
    number.map_or_else(|| cell::NONE.into(), Value::from)
}

fn limited(level: &PriorityLevelConfiguration) -> Option<&LimitedPriorityLevelConfiguration> {
    level.spec.as_ref()?.limited.as_ref()
}

fn queuing(level: &PriorityLevelConfiguration) -> Option<&QueuingConfiguration> {
    limited(level)?.limit_response.as_ref()?.queuing.as_ref()
}

fn validate_spec(
    spec: &PriorityLevelConfigurationSpec,
    level: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("type");
    if (level == system::EXEMPT) != (spec.type_ == "Exempt") {
        let detail = "type must be 'Exempt' if and only if name is 'exempt'";
        errors.invalid(&at, &spec.type_, detail);
    }
    match spec.type_.as_str() {
        "Exempt" => {
            if let Some(exempt) = &spec.exempt {
                let at = path.field("exempt");
                shares(exempt.nominal_concurrency_shares, &at, errors);
                lendable(exempt.lendable_percent, &at, errors);
            }
            if spec.limited.is_some() {
                let detail = "must be nil if the type is not Limited";
                errors.forbidden(&path.field("limited"), detail);
            }
        }
        "Limited" => {
            if spec.exempt.is_some() {
                let detail = "must be nil if the type is Limited";
                errors.forbidden(&path.field("exempt"), detail);
            }
            let at = path.field("limited");
            match &spec.limited {
                None => errors.required(&at, "must not be empty when type is Limited"),
                Some(limited) => validate_limited(limited, &at, errors),
            }
        }
        other => errors.not_supported(&at, other, &TYPES),
    }
}

fn validate_limited(
    limited: &LimitedPriorityLevelConfiguration,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    shares(limited.nominal_concurrency_shares, path, errors);
    let response = limited.limit_response.clone().unwrap_or_default();
    validate_response(&response, &path.field("limitResponse"), errors);
    lendable(limited.lendable_percent, path, errors);
    if limited
        .borrowing_limit_percent
        .is_some_and(|percent| percent < 0)
    {
        let at = path.field("borrowingLimitPercent");
        let detail = "if specified, must be a non-negative integer";
        errors.invalid(&at, limited.borrowing_limit_percent, detail);
    }
}

fn shares(number: Option<i32>, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| *number < 0) {
        errors.invalid(&path.field("nominalConcurrencyShares"), number, COUNT);
    }
}

fn lendable(percent: Option<i32>, path: &FieldPath, errors: &mut FieldErrors) {
    let percent = i64::from(percent.unwrap_or(0));
    check::between(percent, 0, 100, &path.field("lendablePercent"), errors);
}

fn validate_response(response: &LimitResponse, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("queuing");
    match (response.type_.as_str(), &response.queuing) {
        ("Reject", Some(_)) => {
            let detail = "must be nil if limited.limitResponse.type is not Limited";
            errors.forbidden(&at, detail);
        }
        ("Reject", None) => {}
        ("Queue", None) => {
            let detail = "must not be empty if limited.limitResponse.type is Limited";
            errors.required(&at, detail);
        }
        ("Queue", Some(queuing)) => validate_queuing(queuing, &at, errors),
        (other, _) => errors.not_supported(&path.field("type"), other, &RESPONSES),
    }
}

fn validate_queuing(queuing: &QueuingConfiguration, path: &FieldPath, errors: &mut FieldErrors) {
    let positive = "must be positive";
    let length = queuing.queue_length_limit.unwrap_or(0);
    if length <= 0 {
        errors.invalid(&path.field("queueLengthLimit"), length, positive);
    }
    let at = path.field("queues");
    let queues = queuing.queues.unwrap_or(0);
    if queues <= 0 {
        errors.invalid(&at, queues, positive);
    } else if queues > QUEUES_MAX {
        let detail = format!("must not be greater than {QUEUES_MAX}");
        errors.invalid(&at, queues, detail);
    }
    let at = path.field("handSize");
    let hand = queuing.hand_size.unwrap_or(0);
    if hand <= 0 {
        errors.invalid(&at, hand, positive);
    } else if hand > queues {
        errors.invalid(
            &at,
            hand,
            format!("should not be greater than queues ({queues})"),
        );
    } else if !can_be_dealt(queues, hand) {
        let detail = format!(
            "required entropy bits of deckSize {queues} and handSize {hand} should not be greater \
             than {HASH_BITS}"
        );
        errors.invalid(&at, hand, detail);
    }
}

/// Whether a hash has enough bits to deal a hand of so many out of so many queues.
fn can_be_dealt(queues: i32, hand: i32) -> bool {
    let (queues, hand) = (u128::from(queues.unsigned_abs()), hand.unsigned_abs());
    queues
        .checked_pow(hand)
        .is_some_and(|hands| hands <= 1 << HASH_BITS)
}

/// What must exist must be as it is meant; of what is exempt, shares may be changed.
fn fixed(
    spec: &PriorityLevelConfigurationSpec,
    level: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let Some(known) = system::mandatory_level(level).and_then(|known| known.spec) else {
        return;
    };
    let is_exempt = level == system::EXEMPT;
    let compared = |spec: &PriorityLevelConfigurationSpec| PriorityLevelConfigurationSpec {
        exempt: spec.exempt.clone().filter(|_| !is_exempt),
        ..spec.clone()
    };
    if compared(spec) != compared(&known) {
        let but = if is_exempt {
            " except the 'spec.exempt' field"
        } else {
            ""
        };
        let detail = format!("spec of '{level}'{but} must equal the fixed value");
        errors.invalid(path, spec, detail);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::testing::{check_create, check_defaults, check_row, check_update};

    #[test]
    fn a_small_level_gets_the_rest() {
        let small = json!({ "spec": { "type": "Limited",
            "limited": { "limitResponse": { "type": "Queue", "queuing": {} } } } });
        check_create::<PriorityLevelConfigurations>(small.clone(), &expect![[r#""#]]);
        check_defaults::<PriorityLevelConfigurations>(
            small.clone(),
            &expect![[r#"
            spec.limited.lendablePercent = 0
            spec.limited.limitResponse.queuing.handSize = 8
            spec.limited.limitResponse.queuing.queueLengthLimit = 50
            spec.limited.limitResponse.queuing.queues = 64
            spec.limited.nominalConcurrencyShares = 30
        "#]],
        );
        check_row::<PriorityLevelConfigurations>(
            small,
            &expect![[r#"
            Name: web
            Type: Limited
            NominalConcurrencyShares: <none>
            Queues: <none>
            HandSize: <none>
            QueueLengthLimit: <none>
            Age: <unknown>
        "#]],
        );
    }

    #[test]
    fn everything_wrong_with_a_level_is_said() {
        check_create::<PriorityLevelConfigurations>(
            json!({ "spec": { "type": "Odd" } }),
            &expect![[r#"
                spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"
            "#]],
        );
        check_create::<PriorityLevelConfigurations>(
            json!({ "spec": { "type": "Exempt", "exempt": { "lendablePercent": 101,
                "nominalConcurrencyShares": -1 }, "limited": {} } }),
            &expect![[r#"
                spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'
                spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer
                spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive
                spec.limited: Forbidden: must be nil if the type is not Limited
            "#]],
        );
        let limited = |queuing| {
            json!({ "spec": { "type": "Limited", "exempt": {}, "limited": {
                "borrowingLimitPercent": -1,
                "limitResponse": { "type": "Queue", "queuing": queuing } } } })
        };
        check_create::<PriorityLevelConfigurations>(
            limited(json!({ "queues": 10_000_001, "handSize": 3, "queueLengthLimit": 0 })),
            &expect![[r#"
                spec.exempt: Forbidden: must be nil if the type is Limited
                spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: 0: must be positive
                spec.limited.limitResponse.queuing.queues: Invalid value: 10000001: must not be greater than 10000000
                spec.limited.limitResponse.queuing.handSize: Invalid value: 3: required entropy bits of deckSize 10000001 and handSize 3 should not be greater than 60
                spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer
            "#]],
        );
        check_create::<PriorityLevelConfigurations>(
            limited(json!({ "queues": 4, "handSize": 5 })),
            &expect![[r#"
                spec.exempt: Forbidden: must be nil if the type is Limited
                spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)
                spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer
            "#]],
        );
        check_create::<PriorityLevelConfigurations>(
            limited(json!({ "queues": 128, "handSize": 9 })),
            &expect![[r#"
                spec.exempt: Forbidden: must be nil if the type is Limited
                spec.limited.limitResponse.queuing.handSize: Invalid value: 9: required entropy bits of deckSize 128 and handSize 9 should not be greater than 60
                spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer
            "#]],
        );
    }

    #[test]
    fn of_the_levels_that_must_exist_only_the_exempt_ones_shares_change() {
        let level = |name| serde_json::to_value(system::mandatory_level(name).unwrap()).unwrap();
        let mut exempt = level("exempt");
        exempt["spec"]["exempt"]["lendablePercent"] = 50.into();
        check_update::<PriorityLevelConfigurations>(level("exempt"), exempt, &expect![[r#""#]]);
        let mut rest = level("catch-all");
        rest["spec"]["limited"]["nominalConcurrencyShares"] = 6.into();
        check_update::<PriorityLevelConfigurations>(
            level("catch-all"),
            rest,
            &expect![[r#"
            spec: Invalid value: {"limited":{"lendablePercent":0,"limitResponse":{"type":"Reject"},"nominalConcurrencyShares":6},"type":"Limited"}: spec of 'catch-all' must equal the fixed value
        "#]],
        );
    }
}
