//! What expressions can cost at most, and how large things are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::shown;
use crate::{Environment, Extent, Machine, ObjectType, Returns, Type, Unordered, Value, escaped};

fn cost(source: &str, list: u64, text: u64) -> u64 {
    let own = ObjectType::new("Own")
        .with("list", Type::list(Type::Text))
        .with("map", Type::map(Type::Int))
        .with("text", Type::Text)
        .with("number", Type::Int)
        .with("either", Type::Dyn);
    let environment = Environment::new().with("self", Type::object(own));
    let program = environment.compile(source, Returns::Anything).unwrap();
    let extent = Extent::object(BTreeMap::from([
        ("list".to_owned(), Extent::list(list, Extent::text(text))),
        ("map".to_owned(), Extent::map(list, Extent::SCALAR)),
        ("text".to_owned(), Extent::text(text)),
        ("number".to_owned(), Extent::SCALAR),
        ("either".to_owned(), Extent::either(text)),
    ]));
    environment.estimate(&program, |name| (name == "self").then(|| extent.clone()))
}

#[test]
fn an_estimate_follows_from_how_large_things_are() {
    for (source, expected) in [
        ("self.number > 1", 3),
        ("self.number == 1 && self.number < 5", 6),
        ("self.text == 'abc'", 3),
        ("self.text.size() > 0", 4),
        ("self.text.startsWith('ab')", 3),
        ("self.text.contains('ab')", 12),
        ("self.text.matches('[a-z]+')", 24),
        ("self.text + self.text", 24),
        ("self.number in [1, 2, 3]", 15),
        ("self.list.all(x, x != '')", 2 + 10 * (1 + 3) + 1),
        ("self.list.exists(x, x == 'a')", 2 + 10 * (2 + 4) + 1),
        (
            "self.list.filter(x, x != 'a').size() >= 1",
            2 + 10 * 15 + 1 + 2,
        ),
        ("self.map.all(k, self.map[k] > 0)", 2 + 10 * (5 + 3) + 1),
        ("has(self.text) ? self.number > 1 : true", 2 + 3),
        (
            "self.list.all(x, self.list.all(y, x == y))",
            2 + 10 * (153 + 3) + 1,
        ),
    ] {
        assert_eq!(cost(source, 10, 100), expected, "{source}");
    }
}

#[test]
fn an_estimate_without_bounds_is_beyond_all() {
    assert!(cost("self.list.all(x, x.matches('a+'))", 1 << 20, 1 << 20) > 10_000_000_000);
    let large = cost("self.list.map(x, self.list).map(x, x)", u64::MAX, u64::MAX);
    assert_eq!(large, u64::MAX);
}

#[test]
fn names_that_cannot_be_written_are_written_differently() {
    for (stored, expected) in [
        ("plain", Some("plain")),
        ("namespace", Some("__namespace__")),
        ("true", Some("__true__")),
        ("a-b.c/d", Some("a__dash__b__dot__c__slash__d")),
        ("a__b", Some("a__underscores__b")),
        ("$ref", None),
        ("1st", None),
        ("", None),
    ] {
        assert_eq!(escaped(stored).as_deref(), expected, "{stored}");
    }
}

#[test]
fn lists_without_order_are_joined_and_compared_as_such() {
    let item = || {
        let own = ObjectType::new("Item")
            .with("name", Type::Text)
            .with("on", Type::Int);
        Type::object(own)
    };
    let unordered = |of: Type, keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Type::Unordered(Arc::new(Unordered { of, keys }))
    };
    let own = |set: Type, map: Type| {
        let own = ObjectType::new("Own")
            .with("a", set.clone())
            .with("b", set)
            .with("m", map.clone())
            .with("n", map);
        Type::object(own)
    };
    let checked = own(Type::list(Type::Int), Type::list(item()));
    let read = own(unordered(Type::Int, &[]), unordered(item(), &["name"]));
    let object = json!({"a": [1, 2, 3], "b": [3, 1, 2],
        "m": [{"name": "x", "on": 1}, {"name": "y", "on": 2}],
        "n": [{"name": "y", "on": 3}, {"name": "z", "on": 4}]});
    let environment = Environment::new().with("self", checked);
    for (source, expected) in [
        ("self.a == self.b", "true"),
        ("self.a + self.b", "[1, 2, 3]"),
        ("self.b + [4, 1]", "[3, 1, 2, 4]"),
        ("(self.m + self.n).map(i, i.on)", "[1, 3, 4]"),
        ("self.m == self.n", "false"),
        ("self.m == [self.m[1], self.m[0]]", "true"),
    ] {
        let program = environment.compile(source, Returns::Anything).unwrap();
        let mut machine = Machine::new(&environment);
        machine.set("self", Value::typed(&object, &read));
        assert_eq!(
            shown(&machine.evaluate(&program).unwrap()),
            expected,
            "{source}"
        );
    }
}
