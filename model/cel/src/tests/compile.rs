//! What is refused before it is evaluated, with its place.

use expect_test::{Expect, expect};

use super::environment;
use crate::Returns;

fn refused(source: &str, expected: Expect) {
    let error = environment().compile(source, Returns::Bool).unwrap_err();
    expected.assert_eq(&error.to_string());
}

#[test]
fn a_name_that_nobody_declared_is_pointed_at() {
    refused(
        "object.spec.x == 1 &&\n  thing.y",
        expect![[r#"
        compilation failed: ERROR: <input>:2:3: undeclared reference to 'thing' (in container '')
         |   thing.y
         | ..^"#]],
    );
    refused(
        "nothing(1)",
        expect![[r#"
        compilation failed: ERROR: <input>:1:8: undeclared reference to 'nothing' (in container '')
         | nothing(1)
         | .......^"#]],
    );
    refused(
        "'a'.nothing()",
        expect![[r#"
        compilation failed: ERROR: <input>:1:12: undeclared reference to 'nothing' (in container '')
         | 'a'.nothing()
         | ...........^"#]],
    );
}

#[test]
fn what_does_not_go_together_is_pointed_at() {
    refused(
        "1 + 'a' == 2",
        expect![[r#"
        compilation failed: ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'
         | 1 + 'a' == 2
         | ..^"#]],
    );
    refused(
        "'a'.startsWith(1)",
        expect![[r#"
        compilation failed: ERROR: <input>:1:15: found no matching overload for 'startsWith' applied to 'string.(int)'
         | 'a'.startsWith(1)
         | ..............^"#]],
    );
    refused(
        "[1, 'a'].size() == 2",
        expect![[r#"
        compilation failed: ERROR: <input>:1:5: expected type 'int' but found 'string'
         | [1, 'a'].size() == 2
         | ....^"#]],
    );
    refused(
        "1 == 'a'",
        expect![[r#"
        compilation failed: ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, string)'
         | 1 == 'a'
         | ..^"#]],
    );
    refused(
        "'a'.b == 1",
        expect![[r#"
        compilation failed: ERROR: <input>:1:4: type 'string' does not support field selection
         | 'a'.b == 1
         | ...^"#]],
    );
    refused(
        "1.all(x, true)",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)
         | 1.all(x, true)
         | ^"#]],
    );
    refused(
        "'a'.matches('(')",
        expect![[r#"
        compilation failed: ERROR: <input>:1:13: invalid matches argument: error parsing regexp: `(`
         | 'a'.matches('(')
         | ............^"#]],
    );
    refused(
        "true ? 1 : 'a'",
        expect![[r#"
        compilation failed: ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'
         | true ? 1 : 'a'
         | .....^"#]],
    );
}

#[test]
fn what_is_no_expression_is_pointed_at() {
    refused(
        "1 +",
        expect![[r#"
        compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>'
         | 1 +
         | ...^"#]],
    );
    refused(
        "(1",
        expect![[r#"
        compilation failed: ERROR: <input>:1:3: Syntax error: mismatched input '<EOF>' expecting ')'
         | (1
         | ..^"#]],
    );
    refused(
        "'a",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error at: ''a'
         | 'a
         | ^"#]],
    );
    refused(
        "#",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: Syntax error: token recognition error at: '#'
         | #
         | ^"#]],
    );
    refused(
        "has(object)",
        expect![[r#"
        compilation failed: ERROR: <input>:1:5: invalid argument to has() macro
         | has(object)
         | ....^"#]],
    );
    refused(
        "[1].map(1, 2)",
        expect![[r#"
        compilation failed: ERROR: <input>:1:9: argument must be a simple name
         | [1].map(1, 2)
         | ........^"#]],
    );
    refused(
        "99999999999999999999",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: Syntax error: invalid int literal
         | 99999999999999999999
         | ^"#]],
    );
    refused(
        "for == 1",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: reserved identifier: for
         | for == 1
         | ^"#]],
    );
    refused(
        "",
        expect![[r#"
        compilation failed: ERROR: <input>:1:1: Syntax error: mismatched input '<EOF>'
         | 
         | ^"#]],
    );
}

#[test]
fn what_gives_something_else_than_it_has_to_is_refused() {
    refused("1 + 1", expect!["must evaluate to bool"]);
    refused("object.spec.paused", expect!["must evaluate to bool"]);
}
