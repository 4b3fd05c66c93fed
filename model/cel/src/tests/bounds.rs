//! Expressions that are made to hurt.

use super::{check, outcome};
use crate::limits::{CHARACTERS, DEPTH};
use crate::{Environment, Machine, Problem, Returns};

const TOO_COSTLY: &str = "error: operation cancelled: actual cost limit exceeded";

#[test]
fn what_costs_too_much_is_cancelled() {
    let digits = "[0,1,2,3,4,5,6,7,8,9]";
    let walk = |body: &str| {
        let open: String = ["a", "b", "c", "d", "e", "f"]
            .map(|name| format!("{digits}.all({name}, "))
            .concat();
        format!("{open}{body}{}", ")".repeat(6))
    };
    check(&[
        (&walk("a + b < 100"), TOO_COSTLY),
        ("lists.range(2000000)", TOO_COSTLY),
        ("lists.range(1000).map(x, lists.range(1000))", TOO_COSTLY),
        ("lists.range(900000).sort() == []", TOO_COSTLY),
    ]);
    let grown = (0..40).fold("'0123456789'".to_owned(), |inner, _| {
        format!("cel.bind(x, {inner}, x + x)")
    });
    assert_eq!(outcome(&grown), TOO_COSTLY);
    let replaced = (0..12).fold("'aaaaaaaaaa'".to_owned(), |inner, _| {
        format!("{inner}.replace('a', 'aaaaaaaaaa')")
    });
    assert_eq!(outcome(&replaced), TOO_COSTLY);
    let patterns = "lists.range(1000).all(x, 'a'.matches('[a-z]{20}' + string(x)) || true)";
    assert_eq!(outcome(patterns), TOO_COSTLY);
}

#[test]
fn a_pattern_that_explodes_elsewhere_does_not_here() {
    let text = "a".repeat(2000);
    assert_eq!(outcome(&format!("'{text}b'.matches('^(a+)+$')")), "false");
    let large = outcome("'a'.matches('(a{1000}){1000}')");
    assert!(large.contains("error parsing regexp"), "{large}");
}

#[test]
fn what_is_too_deep_is_refused() {
    let limit = format!("expression recursion limit exceeded: {DEPTH}");
    let around = |open: &str, close: &str| {
        let times = DEPTH * 30;
        format!("{}1{}", open.repeat(times), close.repeat(times))
    };
    for source in [
        around("(", ")"),
        around("[", "]"),
        around("-", ""),
        around("!", ""),
        around("size(", ")"),
        around("true ? 1 : ", ""),
        around("1 + ", ""),
        around("", ".a"),
        around("", "[0]"),
        around("{1:", "}"),
        around("[1].all(x,", ")"),
    ] {
        let told = outcome(&source);
        assert!(told.contains(&limit), "{}: {told}", &source[..20]);
    }
    let wide = vec!["true"; 5000].join(" && ");
    assert_eq!(outcome(&wide), "true");
    let long = format!("'{}'", "a".repeat(CHARACTERS));
    assert!(outcome(&long).contains("expression code point size exceeds limit"));
}

#[test]
fn variables_that_lean_on_each_other_have_a_bound() {
    let mut environment = Environment::new().with_variables();
    environment.define("v0", "1").unwrap();
    for number in 1..1000 {
        let source = format!("1 + variables.v{}", number - 1);
        environment.define(&format!("v{number}"), &source).unwrap();
    }
    let program = environment
        .compile("variables.v999 == 1000", Returns::Bool)
        .unwrap();
    let problem = Machine::new(&environment).evaluate(&program).unwrap_err();
    assert!(problem.is_exhaustion(), "{problem}");
}

#[test]
fn a_request_has_one_budget_for_all() {
    let environment = Environment::new();
    let program = environment
        .compile("lists.range(600).all(x, x >= 0)", Returns::Bool)
        .unwrap();
    let mut machine = Machine::new(&environment).with_budget(10_000);
    let mut times = 0;
    let problem = loop {
        match machine.evaluate(&program) {
            Ok(_) => times += 1,
            Err(problem) => break problem,
        }
    };
    assert_eq!(problem, Problem::CostExceeded);
    assert!(0 < times && times < 10, "{times}");
}
