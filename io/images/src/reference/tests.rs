use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(texts: &[&str], expected: Expect) {
    let line = |text: &&str| match text.parse::<Reference>() {
        Ok(reference) => format!("{text} -> {reference} ({})\n", reference.familiar()),
        Err(error) => format!("{text} -> {}\n", gantry_base::chain(&error)),
    };
    expected.assert_eq(&texts.iter().map(line).collect::<String>());
}

#[test]
fn short_names_mean_what_users_expect() {
    check(
        &[
            "nginx",
            "nginx:1.27",
            "bitnami/redis",
            "localhost/x",
            "localhost:5000/x",
            "localhost:5000/a/b:c",
            "index.docker.io/nginx",
            "[::1]:5000/x",
            "Registry.Example/x",
            "foo:5000",
            "docker.io/library/library/x",
            "gcr.io/google_containers/pause-amd64:3.0",
        ],
        expect![[r#"
            nginx -> docker.io/library/nginx:latest (nginx)
            nginx:1.27 -> docker.io/library/nginx:1.27 (nginx:1.27)
            bitnami/redis -> docker.io/bitnami/redis:latest (bitnami/redis)
            localhost/x -> localhost/x:latest (localhost/x)
            localhost:5000/x -> localhost:5000/x:latest (localhost:5000/x)
            localhost:5000/a/b:c -> localhost:5000/a/b:c (localhost:5000/a/b:c)
            index.docker.io/nginx -> docker.io/library/nginx:latest (nginx)
            [::1]:5000/x -> [::1]:5000/x:latest ([::1]:5000/x)
            Registry.Example/x -> registry.example/x:latest (registry.example/x)
            foo:5000 -> docker.io/library/foo:5000 (foo:5000)
            docker.io/library/library/x -> docker.io/library/library/x:latest (docker.io/library/library/x:latest)
            gcr.io/google_containers/pause-amd64:3.0 -> gcr.io/google_containers/pause-amd64:3.0 (gcr.io/google_containers/pause-amd64:3.0)
        "#]],
    );
}

#[test]
fn a_wrong_name_is_told_what_is_wrong_with_it() {
    let id = "a".repeat(64);
    check(
        &[
            "",
            ":latest",
            "Nginx",
            "nginx:",
            "nginx:-x",
            "a//b",
            "a/-b",
            "a___b",
            "nginx@sha256:12",
            "nginx@sha512:12",
            "host:99999/x",
            "-host.example/x",
            "../../etc",
            "http://nginx",
            &id,
        ],
        expect![[r#"
             -> parse image name "": the name is empty
            :latest -> parse image name ":latest": the name is empty
            Nginx -> parse image name "Nginx": the repository name "Nginx" must be lower case
            nginx: -> parse image name "nginx:": "" is no tag: up to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'
            nginx:-x -> parse image name "nginx:-x": "-x" is no tag: up to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'
            a//b -> parse image name "a//b": "a//b" is no repository name: its parts are lower-case letters and digits, joined by '.', '_', '__' or dashes
            a/-b -> parse image name "a/-b": "a/-b" is no repository name: its parts are lower-case letters and digits, joined by '.', '_', '__' or dashes
            a___b -> parse image name "a___b": "a___b" is no repository name: its parts are lower-case letters and digits, joined by '.', '_', '__' or dashes
            nginx@sha256:12 -> parse image name "nginx@sha256:12": the digest is not usable: read "sha256:12" as a digest: it must be sha256: and 64 lower-case hexadecimal digits
            nginx@sha512:12 -> parse image name "nginx@sha512:12": the digest is not usable: read digest "sha512:12": only sha256 is supported
            host:99999/x -> parse image name "host:99999/x": "host:99999" is no registry: it must be a host name or address and perhaps a port
            -host.example/x -> parse image name "-host.example/x": "-host.example" is no registry: it must be a host name or address and perhaps a port
            ../../etc -> parse image name "../../etc": ".." is no registry: it must be a host name or address and perhaps a port
            http://nginx -> parse image name "http://nginx": "http:" is no registry: it must be a host name or address and perhaps a port
            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -> parse image name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": 64 hexadecimal digits are an image id, not a name
        "#]],
    );
}

#[test]
fn a_digest_replaces_the_default_tag_but_not_a_given_one() {
    let digest = Digest::of(b"x");
    let plain: Reference = format!("nginx@{digest}").parse().unwrap();
    assert_eq!((plain.tag(), plain.digest()), (None, Some(&digest)));
    let both: Reference = format!("nginx:1@{digest}").parse().unwrap();
    assert_eq!(
        (both.tag(), both.selector()),
        (Some("1"), digest.to_string())
    );
}

proptest! {
    #[test]
    fn printing_and_parsing_agree(
        registry in "([a-z]{1,5}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/)?",
        path in "[a-z0-9]{1,8}([_-][a-z0-9]{1,4}){0,2}(/[a-z]{1,6}){0,3}",
        tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?",
    ) {
        let reference: Reference = format!("{registry}{path}{tag}").parse().unwrap();
        prop_assert_eq!(&reference.to_string().parse::<Reference>().unwrap(), &reference);
        prop_assert_eq!(&reference.familiar().parse::<Reference>().unwrap(), &reference);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,80}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
    }
}
