//! The messages of OpenAPI v2 and the numbers of their fields, as far as we publish them.

/// A message: its fields, and the number under which `x-` members go.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) fields: &'static [Field],
    pub(super) extensions: u32,
}

/// A field under its name in JSON.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) shape: Shape,
}

/// How a field's value is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Text,
    Flag,
    Texts,
    /// One type or several, in a message of their own.
    Types,
    One(&'static Message),
    /// Inside a message that could hold something else instead.
    Wrapped(&'static Message),
    Each(&'static Message),
    /// A map, as pairs repeated under a number inside a message.
    Named {
        inside: u32,
        kind: &'static Message,
    },
    Responses(&'static Message),
    Parameters,
    /// Values of whatever form.
    Anything,
}

const fn field(name: &'static str, number: u32, shape: Shape) -> Field {
    Field {
        name,
        number,
        shape,
    }
}

pub(super) static DOCUMENT: Message = Message {
    fields: &[
        field("swagger", 1, Shape::Text),
        field("info", 2, Shape::One(&INFO)),
        field(
            "paths",
            8,
            Shape::Named {
                inside: 2,
                kind: &PATH,
            },
        ),
        field(
            "definitions",
            9,
            Shape::Named {
                inside: 1,
                kind: &SCHEMA,
            },
        ),
    ],
    extensions: 16,
};

static INFO: Message = Message {
    fields: &[
        field("title", 1, Shape::Text),
        field("version", 2, Shape::Text),
    ],
    extensions: 7,
};

static PATH: Message = Message {
    fields: &[
        field("get", 2, Shape::One(&OPERATION)),
        field("put", 3, Shape::One(&OPERATION)),
        field("post", 4, Shape::One(&OPERATION)),
        field("delete", 5, Shape::One(&OPERATION)),
        field("options", 6, Shape::One(&OPERATION)),
        field("head", 7, Shape::One(&OPERATION)),
        field("patch", 8, Shape::One(&OPERATION)),
        field("parameters", 9, Shape::Parameters),
    ],
    extensions: 10,
};

static OPERATION: Message = Message {
    fields: &[
        field("tags", 1, Shape::Texts),
        field("description", 3, Shape::Text),
        field("operationId", 5, Shape::Text),
        field("produces", 6, Shape::Texts),
        field("consumes", 7, Shape::Texts),
        field("parameters", 8, Shape::Parameters),
        field("responses", 9, Shape::Responses(&RESPONSE)),
        field("schemes", 10, Shape::Texts),
    ],
    extensions: 13,
};

static RESPONSE: Message = Message {
    fields: &[
        field("description", 1, Shape::Text),
        field("schema", 2, Shape::Wrapped(&SCHEMA)),
    ],
    extensions: 5,
};

pub(super) static BODY: Message = Message {
    fields: &[
        field("description", 1, Shape::Text),
        field("name", 2, Shape::Text),
        field("in", 3, Shape::Text),
        field("required", 4, Shape::Flag),
        field("schema", 5, Shape::One(&SCHEMA)),
    ],
    extensions: 6,
};

pub(super) static IN_QUERY: Message = Message {
    fields: &[
        field("required", 1, Shape::Flag),
        field("in", 2, Shape::Text),
        field("description", 3, Shape::Text),
        field("name", 4, Shape::Text),
        field("type", 6, Shape::Text),
        field("format", 7, Shape::Text),
        field("uniqueItems", 20, Shape::Flag),
    ],
    extensions: 23,
};

pub(super) static IN_PATH: Message = Message {
    fields: &[
        field("required", 1, Shape::Flag),
        field("in", 2, Shape::Text),
        field("description", 3, Shape::Text),
        field("name", 4, Shape::Text),
        field("type", 5, Shape::Text),
        field("format", 6, Shape::Text),
        field("uniqueItems", 19, Shape::Flag),
    ],
    extensions: 22,
};

pub(super) static SCHEMA: Message = Message {
    fields: &[
        field("$ref", 1, Shape::Text),
        field("format", 2, Shape::Text),
        field("title", 3, Shape::Text),
        field("description", 4, Shape::Text),
        field("default", 5, Shape::Anything),
        field("pattern", 13, Shape::Text),
        field("uniqueItems", 16, Shape::Flag),
        field("required", 19, Shape::Texts),
        field("enum", 20, Shape::Anything),
        field("additionalProperties", 21, Shape::Wrapped(&SCHEMA)),
        field("type", 22, Shape::Types),
        field("items", 23, Shape::Wrapped(&SCHEMA)),
        field("allOf", 24, Shape::Each(&SCHEMA)),
        field(
            "properties",
            25,
            Shape::Named {
                inside: 1,
                kind: &SCHEMA,
            },
        ),
    ],
    extensions: 31,
};
