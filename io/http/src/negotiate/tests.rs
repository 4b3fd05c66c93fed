use super::*;

const OFFER: Offer = Offer {
    include: Include::Metadata,
    is_watch: false,
    has_message: true,
};
const TABLE: View = View::Table {
    include: Include::Metadata,
};
const PROTO: &str = "application/vnd.kubernetes.protobuf";

fn wanted(accept: &str) -> Wanted {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, accept.parse().unwrap());
    Wanted::of(&headers)
}

fn check(accept: &str, expected: (View, Encoding)) {
    assert_eq!(wanted(accept).form(OFFER), Ok(expected), "{accept}");
}

#[test]
fn the_first_form_that_we_have_is_taken() {
    check(
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
        (TABLE, Encoding::Json),
    );
    check(
        "application/json;as=New;v=v1;g=meta.k8s.io,application/json",
        (View::Object, Encoding::Json),
    );
    check(
        "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io",
        (TABLE, Encoding::Json),
    );
    check(
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
        (View::PartialMetadata, Encoding::Protobuf),
    );
    check(
        "application/json;as=Table;v=v1,application/yaml",
        (View::Object, Encoding::Yaml),
    );
}

#[test]
fn clients_say_what_they_like_best() {
    check(
        "application/vnd.kubernetes.protobuf, */*",
        (View::Object, Encoding::Protobuf),
    );
    check(
        "*/*, application/vnd.kubernetes.protobuf",
        (View::Object, Encoding::Protobuf),
    );
    check(
        "application/vnd.kubernetes.protobuf;q=0.5, application/json",
        (View::Object, Encoding::Json),
    );
    check(
        "application/json;q=0.8,application/yaml;q=0.9,text/html",
        (View::Object, Encoding::Yaml),
    );
    for any in ["*/*", "application/*", "*"] {
        check(any, (View::Object, Encoding::Json));
    }
    assert_eq!(
        Wanted::default().form(OFFER),
        Ok((View::Object, Encoding::Json))
    );
}

#[test]
fn what_we_have_is_listed_for_those_who_want_something_else() {
    let told = |accept: &str, offer: Offer| wanted(accept).form(offer).unwrap_err().to_string();
    assert_eq!(
        told("text/html", OFFER),
        "only the following media types are accepted: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf"
    );
    let watch = Offer {
        is_watch: true,
        ..OFFER
    };
    assert_eq!(
        told("application/yaml", watch),
        "only the following media types are accepted: application/json;stream=watch, \
         application/vnd.kubernetes.protobuf;stream=watch"
    );
    let custom = Offer {
        has_message: false,
        ..OFFER
    };
    assert_eq!(
        told(PROTO, custom),
        "only the following media types are accepted: application/json, application/yaml"
    );
}

#[test]
fn what_has_no_message_is_answered_in_the_next_encoding() {
    let custom = Offer {
        has_message: false,
        ..OFFER
    };
    assert_eq!(
        wanted(&format!("{PROTO}, application/json")).form(custom),
        Ok((View::Object, Encoding::Json))
    );
    let metadata = format!("{PROTO};as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
    assert_eq!(
        wanted(&metadata).form(custom),
        Ok((View::PartialMetadata, Encoding::Protobuf))
    );
}

#[test]
fn refusals_come_in_an_encoding_that_the_client_reads() {
    assert_eq!(wanted(PROTO).encoding(), Encoding::Protobuf);
    assert_eq!(wanted("text/html").encoding(), Encoding::Json);
    assert_eq!(
        wanted("text/html, application/yaml").encoding(),
        Encoding::Yaml
    );
}

#[test]
fn aggregated_discovery_is_told_by_its_parameters() {
    let accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    assert_eq!(wanted(accept).aggregated(), Some("v2"));
    assert_eq!(wanted("application/json").aggregated(), None);
}

#[test]
fn gzip_is_used_unless_it_is_declined() {
    let gzip = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
        Wanted::of(&headers).gzip
    };
    assert!(gzip("br, gzip;q=0.5"));
    assert!(!gzip("gzip;q=0, br"));
}
