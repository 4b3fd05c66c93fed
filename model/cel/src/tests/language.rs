//! Literals, operators, walks and optionals.

use super::check;

#[test]
fn literals_are_what_they_say() {
    check(&[
        ("1", "1"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("0x1F", "31"),
        ("7u", "7u"),
        ("1.5e3", "1500.0"),
        (".5", "0.5"),
        (r#"'a\n\u00e4\x41'"#, r#""a\näA""#),
        (r#"r'a\n'"#, r#""a\\n""#),
        ("'''it's'''", "\"it's\""),
        (r"b'a\x00'", "b\"a\\0\""),
        ("[1, 2,]", "[1, 2]"),
        ("{'a': 1, 'b': 2}", "{\"a\": 1, \"b\": 2}"),
        ("true // and so on", "true"),
        ("null", "null"),
        ("int", "type int"),
    ]);
}

#[test]
fn operators_follow_their_order() {
    check(&[
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("1 < 2 && 2 < 3 || false", "true"),
        ("!true == false", "true"),
        ("true ? 1 : false ? 2 : 3", "1"),
        ("'a' + 'b'", "\"ab\""),
        ("[1] + [2]", "[1, 2]"),
        ("b'a' + b'b'", "b\"ab\""),
        ("2 in [1, 2]", "true"),
        ("'a' in {'a': 1}", "true"),
        ("{1: 'x'}[1]", "\"x\""),
        ("[1, 2][1]", "2"),
        ("1.0 / 0.0 > 1.0", "true"),
    ]);
}

#[test]
fn what_cannot_be_computed_is_an_error() {
    check(&[
        ("1 / 0", "error: division by zero"),
        ("1 % 0", "error: modulus by zero"),
        ("9223372036854775807 + 1", "error: integer overflow"),
        ("-(-9223372036854775808)", "error: integer overflow"),
        ("0u - 1u", "error: unsigned integer overflow"),
        ("[1][1]", "error: index out of bounds: 1"),
        ("{'a': 1}['b']", "error: no such key: b"),
        ("object.spec.missing", "error: no such key: missing"),
        ("object.spec.replicas.x", "error: no such overload"),
        (
            "{'a': 1, 'a': 2}",
            "error: insert failed: key a already exists",
        ),
    ]);
}

#[test]
fn numbers_are_equal_by_what_they_are_worth() {
    check(&[
        ("dyn(1) == dyn(1.0)", "true"),
        ("dyn(1u) == 1", "true"),
        ("1 < 1.5", "true"),
        ("1u <= 1", "true"),
        ("-1 < 1u", "true"),
        ("dyn(1) == dyn('1')", "false"),
        ("dyn(1) in [1.0]", "true"),
        ("{dyn(1): 'x'}[dyn(1.0)]", "\"x\""),
        ("[1, 2] == [1, 2]", "true"),
        ("{'a': [1]} == {'a': [1]}", "true"),
        ("object.spec.ratio == 0.5", "true"),
        ("object.spec.replicas == 3", "true"),
    ]);
}

#[test]
fn an_error_counts_only_where_nothing_else_decides() {
    check(&[
        ("object.missing.x == 1 || true", "true"),
        ("false && object.missing.x == 1", "false"),
        (
            "object.missing.x == 1 && true",
            "error: no such key: missing",
        ),
        ("[1, 2].exists(x, x == 2 || 1 / (x - 1) > 0)", "true"),
        ("[0, 2].exists(x, 4 / x == 2)", "true"),
        ("[0, 2].all(x, 4 / x == 3)", "false"),
        ("[0, 2].all(x, 4 / x == 2)", "error: division by zero"),
    ]);
}

#[test]
fn walks_go_over_lists_and_maps() {
    check(&[
        ("[1, 2, 3].all(x, x > 0)", "true"),
        ("[1, 2, 3].exists(x, x > 2)", "true"),
        ("[1, 2, 3].exists_one(x, x > 1)", "false"),
        ("[1, 2, 3].map(x, x * 2)", "[2, 4, 6]"),
        ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
        ("[1, 2, 3].filter(x, x > 1)", "[2, 3]"),
        ("{'a': 1, 'b': 2}.all(k, k.size() == 1)", "true"),
        ("{'b': 2, 'a': 1}.map(k, k)", "[\"a\", \"b\"]"),
        ("[5, 6].all(i, v, v == i + 5)", "true"),
        ("{'a': 1}.exists(k, v, k == 'a' && v == 1)", "true"),
        ("[1, 1].existsOne(i, v, v == 1)", "false"),
        ("[5, 6].transformList(i, v, i + v)", "[5, 7]"),
        ("[5, 6].transformList(i, v, i > 0, v)", "[6]"),
        ("{'a': 1}.transformMap(k, v, v + 1)", "{\"a\": 2}"),
        (
            "{'a': 'x'}.transformMapEntry(k, v, {v: k})",
            "{\"x\": \"a\"}",
        ),
        ("[1].map(x, [2].map(y, x + y))", "[[3]]"),
        ("[1].map(x, [2].map(x, x))", "[[2]]"),
        ("cel.bind(x, 2, x * x)", "4"),
    ]);
}

#[test]
fn optionals_carry_absence_along() {
    check(&[
        ("object.?spec.?replicas", "some 3"),
        ("object.?spec.missing.deeper", "none"),
        ("object.?missing.orValue('x')", "\"x\""),
        ("object[?'metadata'].name.value()", "\"web\""),
        ("[1][?5]", "none"),
        ("optional.none().hasValue()", "false"),
        ("optional.of(1).or(optional.of(2)).value()", "1"),
        ("optional.ofNonZeroValue(0)", "none"),
        (
            "optional.none().value()",
            "error: optional.none() dereference",
        ),
        ("[?optional.of(1), ?optional.none()]", "[1]"),
        (
            "{?'a': optional.of(1), ?'b': optional.none()}",
            "{\"a\": 1}",
        ),
        ("object.?spec.?replicas.optMap(x, x + 1)", "some 4"),
        ("optional.of(1).optFlatMap(x, optional.none())", "none"),
        ("has(object.?spec.replicas)", "true"),
    ]);
}

#[test]
fn presence_is_asked_with_has() {
    check(&[
        ("has(object.spec.replicas)", "true"),
        ("has(object.spec.missing)", "false"),
        ("has(object.spec.nothing)", "true"),
        ("has(object.missing.x)", "error: no such key: missing"),
        ("object.metadata.labels['app']", "\"web\""),
        ("object.spec.containers.all(c, has(c.ports))", "false"),
        ("object.spec.containers[0].ports[1]", "443"),
    ]);
}
