//! The decoders, one function each.

mod credentials;
mod custom;
mod expressions;
mod frames;
mod patches;
mod texts;
mod values;

/// A decoder under test.
#[derive(Debug)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Decodes an input, asserts what must hold, and says in a few words what became of it.
    pub run: fn(&[u8]) -> String,
    /// What the format knows.
    pub words: &'static [&'static str],
}

/// All of them.
pub const ALL: &[Target] = &[
    Target {
        name: "token",
        run: credentials::token,
        words: credentials::TOKENS,
    },
    Target {
        name: "certificate",
        run: credentials::certificate,
        words: &[
            "\x30\x03",
            "\x06\x03U\x04",
            "\x31\x00",
            "\x17\x0d",
            "\x13\x02",
        ],
    },
    Target {
        name: "certificate-request",
        run: credentials::request,
        words: credentials::REQUESTS,
    },
    Target {
        name: "json",
        run: values::json,
        words: values::JSON,
    },
    Target {
        name: "yaml",
        run: values::yaml,
        words: values::YAML,
    },
    Target {
        name: "protobuf",
        run: values::protobuf,
        words: &["k8s\0", "v1", "apps/v1", "Pod", "Deployment"],
    },
    Target {
        name: "managed-fields",
        run: values::managed_fields,
        words: &["\"f:", "\"k:{", "\"v:", "\"i:0\"", "\".\":{}", "f:metadata"],
    },
    Target {
        name: "json-patch",
        run: patches::json,
        words: patches::OPERATIONS,
    },
    Target {
        name: "merge-patch",
        run: patches::merge,
        words: values::JSON,
    },
    Target {
        name: "strategic-merge-patch",
        run: patches::strategic,
        words: patches::DIRECTIVES,
    },
    Target {
        name: "label-selector",
        run: texts::label_selector,
        words: texts::SELECTORS,
    },
    Target {
        name: "field-selector",
        run: texts::field_selector,
        words: texts::SELECTORS,
    },
    Target {
        name: "quantity",
        run: texts::quantity,
        words: &[
            "Ki", "Mi", "Gi", "Ei", "m", "u", "n", "k", "E", "e3", "e-9", "+", "-", ".",
        ],
    },
    Target {
        name: "duration",
        run: texts::duration,
        words: &["ms", "s", "m", "h", "d"],
    },
    Target {
        name: "cron",
        run: texts::cron,
        words: &[
            "*", "*/5", "1-5", "@daily", "@every", "MON", "JAN", ",", "?", "L",
        ],
    },
    Target {
        name: "cel",
        run: expressions::cel,
        words: expressions::WORDS,
    },
    Target {
        name: "custom-kind",
        run: custom::custom_kind,
        words: custom::WORDS,
    },
    Target {
        name: "spdy-frames",
        run: frames::spdy_frames,
        words: frames::SPDY,
    },
    Target {
        name: "spdy-session",
        run: frames::spdy_session,
        words: frames::SPDY,
    },
    Target {
        name: "websocket",
        run: frames::websocket,
        words: &["\u{2}", "\u{8}", "\u{9}", "\u{a}"],
    },
    Target {
        name: "dns",
        run: frames::dns,
        words: &["\u{7}default", "\u{3}svc", "\u{7}cluster", "\u{5}local"],
    },
];
