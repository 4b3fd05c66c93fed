//! How old a picture may be that a request is decided on.
//!
//! It matters only where several servers share one state. Everything is decided on a picture that
//! shows all that happened before the request came, but for reads that say that an older one will do.

use gantry_api::Revision;
use gantry_store::Freshness;

use crate::request::{Request, Verb};

/// How fresh the picture has to be that `request` is decided on.
#[must_use]
pub fn of(request: &Request) -> Freshness {
    let is_read = matches!(request.verb, Verb::Get | Verb::List | Verb::Watch);
    let options = &request.options;
    if !is_read || options.continue_token.is_some() {
        return Freshness::Current;
    }
    match options.resource_version.as_deref() {
        None | Some("") => Freshness::Current,
        Some("0") => Freshness::Any,
        // What is no number is refused, on whatever picture.
        Some(text) => text.parse().map_or(Freshness::Any, |number| {
            Freshness::AtLeast(Revision(number))
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::request::Resource;

    use super::*;

    fn read(verb: Verb, revision: Option<&str>) -> Freshness {
        let mut request = Request::new(verb, Resource::new("v1", "pods"));
        request.options.resource_version = revision.map(str::to_owned);
        of(&request)
    }

    #[test]
    fn only_reads_that_say_so_are_answered_from_an_older_picture() {
        for verb in [Verb::Get, Verb::List, Verb::Watch] {
            assert_eq!(read(verb, None), Freshness::Current);
            assert_eq!(read(verb, Some("")), Freshness::Current);
            assert_eq!(read(verb, Some("0")), Freshness::Any);
            assert_eq!(read(verb, Some("7")), Freshness::AtLeast(Revision(7)));
        }
        for verb in [Verb::Create, Verb::Update, Verb::Delete] {
            assert_eq!(read(verb, Some("0")), Freshness::Current);
        }
    }

    #[test]
    fn a_list_that_goes_on_may_have_begun_at_another_server() {
        let mut request = Request::new(Verb::List, Resource::new("v1", "pods"));
        request.options.resource_version = Some("0".to_owned());
        request.options.continue_token = Some("token".to_owned());
        assert_eq!(of(&request), Freshness::Current);
    }
}
