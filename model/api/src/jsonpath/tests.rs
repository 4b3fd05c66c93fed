use serde_json::json;

use super::*;

fn render(template: &str) -> String {
    let value = json!({
        "items": [
            {"name": "a", "n": 1, "ports": [{"p": 80}, {"p": 443}], "labels": {"x.io/y": "z"}},
            {"name": "b", "n": 12, "ports": [], "ready": true},
        ],
    });
    Template::parse(template).unwrap().render(&value)
}

#[test]
fn ranges_texts_and_paths() {
    let template = r#"{range .items[*]}{.name}{"\t"}{.ports[*].p}{"\n"}{end}done"#;
    assert_eq!(render(template), "a\t80 443\nb\t\ndone");
}

#[test]
fn filters_compare_numbers_as_numbers_and_test_for_presence() {
    assert_eq!(render("{.items[?(@.n>2)].name}"), "b");
    assert_eq!(render("{.items[?(@.name==\"a\")].n}"), "1");
    assert_eq!(render("{.items[?(@.ready)].name}"), "b");
}

#[test]
fn indexes_slices_unions_and_descents() {
    assert_eq!(render("{.items[-1].name} {.items[0:1].name}"), "b a");
    assert_eq!(render("{.items[*]['name','n']}"), "a 1 b 12");
    assert_eq!(render("{..p}"), "80 443");
    assert_eq!(render(r"{.items[0].labels.x\.io/y}"), "z");
    assert_eq!(render("{.nothing.here[3]}"), "");
}

#[test]
fn whole_objects_are_json() {
    assert_eq!(render("{.items[0].ports[0]}"), r#"{"p":80}"#);
}

#[test]
fn what_is_not_closed_is_refused() {
    for text in [
        "{.a",
        "{range .a}x",
        "{end}",
        "{.a[",
        "{.a[?(@.b==1}",
        "{\"x}",
    ] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
}
