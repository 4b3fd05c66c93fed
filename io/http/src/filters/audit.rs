//! What is written down of a request: begun when it comes in, told stage by stage. Nothing is done
//! here when nothing is written down.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde_json::{Value, json};
use std::io::Read;

use gantry_access::audit::event::ObjectRef;
use gantry_access::audit::{Judged, Level, Record, Stage};
use gantry_api::{Caller, Rejection};
use gantry_audit::Audit;
use gantry_gateway::Clock;
use gantry_registry::{Format, Notes, request, shown};

use crate::about::About;
use crate::body::Body;
use crate::front::{Front, Peer};
use crate::limits::{AGENT_LETTERS, AUDITED_BYTES, SOURCES};

/// Parts of objects that are talked to for as long as the client wants.
const LONG: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];
const DECISION: &str = "authorization.k8s.io/decision";
const REASON: &str = "authorization.k8s.io/reason";
/// Said of an object that was too long to be written down, and of one that cannot be read.
const TRUNCATED: &str = "audit.k8s.io/truncated";

/// A request that may be written down.
#[derive(Debug, Default)]
pub(crate) struct Telling(Option<Box<Inner>>);

#[derive(Debug)]
struct Inner {
    audit: Arc<Audit>,
    clock: Arc<dyn Clock>,
    record: Record,
    about: About,
    /// What the policy says, once it is known who asks.
    judged: Option<Judged>,
    is_long: bool,
}

impl Telling {
    /// The telling of a request, if requests are written down.
    pub(crate) fn begin<B>(front: &Front, peer: &Peer, request: &Request<B>, id: &str) -> Self {
        let Some(audit) = front.audit.clone() else {
            return Self(None);
        };
        let about = About::of(request);
        let uri = request.uri();
        let agent = request.headers().get(USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
        let record = Record {
            id: id.to_owned(),
            uri: uri
                .path_and_query()
                .map_or("/", |place| place.as_str())
                .to_owned(),
            verb: about.verb.clone(),
            sources: sources(request.headers(), peer),
            agent: agent.chars().take(AGENT_LETTERS).collect(),
            object: about.path.is_none().then(|| object(&about)),
            received: front.clock.now(),
            ..Record::default()
        };
        Self(Some(Box::new(Inner {
            audit,
            clock: Arc::clone(&front.clock),
            record,
            is_long: about.verb == "watch" || LONG.contains(&about.subresource.as_str()),
            about,
            judged: None,
        })))
    }

    /// It is known who asks, and so how much is written down.
    pub(crate) async fn known(&mut self, caller: &Caller) {
        let Some(inner) = &mut self.0 else { return };
        inner.judge(caller);
        inner.record.caller = Some(caller.clone());
        if inner.level() == Level::None {
            self.0 = None;
            return;
        }
        inner.audit.ready().await;
        inner.tell(Stage::RequestReceived);
    }

    /// It is known as whom they act, and whether they may.
    pub(crate) fn acts_as(&mut self, front: &Front, caller: &Caller) {
        let Some(inner) = &mut self.0 else { return };
        if inner.record.caller.as_ref() != Some(caller) {
            inner.record.acts_as = Some(caller.clone());
        }
        let decision = front.gateway.authorize(&inner.about.attributes(caller));
        let word = if decision.is_allowed() {
            "allow"
        } else {
            "forbid"
        };
        let notes = &mut inner.record.annotations;
        notes.insert(DECISION.to_owned(), word.to_owned());
        notes.insert(REASON.to_owned(), decision.reason().to_owned());
    }

    /// What was sent.
    pub(crate) fn sent(&mut self, body: Option<&request::Body>) {
        let (Some(inner), Some(body)) = (&mut self.0, body) else {
            return;
        };
        let is_shown = Level::Request <= inner.level();
        let is_nameless = inner.record.verb == "create"
            && inner
                .record
                .object
                .as_ref()
                .is_some_and(|own| own.name.is_empty());
        if !is_shown && !is_nameless {
            return;
        }
        let object = inner.shown(&body.bytes, body.format);
        if let (true, Some(own), Some(object)) = (is_nameless, &mut inner.record.object, &object) {
            let name = object.pointer("/metadata/name").and_then(Value::as_str);
            name.unwrap_or("").clone_into(&mut own.name);
        }
        inner.record.request = object.filter(|_| is_shown);
    }

    /// What was noted while it was decided.
    pub(crate) fn noted(&mut self, notes: Notes) {
        if let Some(inner) = &mut self.0 {
            inner.record.annotations.extend(notes);
        }
    }

    /// It was refused.
    pub(crate) fn refused(&mut self, rejection: &Rejection) {
        if let Some(inner) = &mut self.0 {
            let mut status = rejection.status();
            if let Some(fields) = status.as_object_mut() {
                fields.retain(|field, _| field != "kind" && field != "apiVersion");
            }
            inner.record.status = Some(status);
        }
    }

    /// It met a bug.
    pub(crate) fn panicked(&mut self) {
        if let Some(inner) = &mut self.0 {
            inner.judge(&Caller::default());
            inner.record.status = Some(json!({"metadata": {}, "status": "Failure", "code": 500,
                "reason": "InternalError", "message": "the server met a bug"}));
            inner.tell(Stage::Panic);
            self.0 = None;
        }
    }

    /// The answer is there. What goes on for as long as the client wants is told twice: now, and
    /// when it is over; what is to be written down whole is told when it is sent.
    pub(crate) fn answered(self, response: Response<Body>) -> Response<Body> {
        let Some(mut inner) = self.0 else {
            return response;
        };
        let code = response.status().as_u16();
        let status = || json!({"metadata": {}, "code": code});
        inner.record.status.get_or_insert_with(status);
        if inner.judged.is_none() {
            // Nobody knows who asked.
            inner.judge(&Caller::default());
            inner.tell(Stage::ResponseStarted);
            return response;
        }
        if inner.is_long {
            inner.tell(Stage::ResponseStarted);
            let end = End { inner, heard: None };
            return response.map(|body| holding(body, end));
        }
        if inner.level() < Level::RequestResponse {
            inner.tell(Stage::ResponseComplete);
            return response;
        }
        let headers = response.headers();
        let heard = Heard {
            bytes: BytesMut::new(),
            is_whole: true,
            is_packed: headers.contains_key(CONTENT_ENCODING),
            format: format(headers),
        };
        let end = End {
            inner,
            heard: Some(heard),
        };
        response.map(|body| holding(body, end))
    }
}

impl Inner {
    fn judge(&mut self, caller: &Caller) {
        if self.judged.is_none() {
            let policy = self.audit.policy();
            self.judged = Some(policy.judge(&self.about.attributes(caller)));
        }
    }

    fn level(&self) -> Level {
        self.judged
            .as_ref()
            .map_or(Level::None, |judged| judged.level)
    }

    fn tell(&self, stage: Stage) {
        let judged = self.judged.as_ref().filter(|judged| judged.writes(stage));
        if let Some(judged) = judged {
            self.audit
                .tell(&self.record.event(judged, stage, self.clock.now()));
        }
    }

    /// A body as a tree; nothing when it is none, or is too long.
    fn shown(&mut self, bytes: &Bytes, format: Format) -> Option<Value> {
        if bytes.is_empty() {
            return None;
        }
        let object = if bytes.len() <= AUDITED_BYTES {
            shown::object(bytes, format)
        } else {
            None
        };
        if object.is_none() {
            let notes = &mut self.record.annotations;
            notes.insert(TRUNCATED.to_owned(), "true".to_owned());
        }
        object
    }
}

/// What is told when the answer is over.
struct End {
    inner: Box<Inner>,
    heard: Option<Heard>,
}

/// What was answered so far.
struct Heard {
    bytes: BytesMut,
    is_whole: bool,
    is_packed: bool,
    format: Format,
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some(heard) = self.heard.take() {
            let bytes = heard.unpacked();
            self.inner.record.response = self.inner.shown(&bytes, heard.format);
        }
        self.inner.tell(Stage::ResponseComplete);
    }
}

impl Heard {
    fn hear(&mut self, data: &Bytes) {
        if self.bytes.len() + data.len() <= AUDITED_BYTES {
            self.bytes.extend_from_slice(data);
        } else {
            self.is_whole = false;
        }
    }

    /// What was heard; something that no object is when it was too long.
    fn unpacked(&self) -> Bytes {
        let odd = || Bytes::from_static(b"\0");
        if !self.is_whole {
            return odd();
        }
        if !self.is_packed {
            return Bytes::copy_from_slice(&self.bytes);
        }
        let most = u64::try_from(AUDITED_BYTES).unwrap_or(u64::MAX);
        let mut plain = Vec::new();
        let unpacked = GzDecoder::new(self.bytes.as_ref())
            .take(most)
            .read_to_end(&mut plain);
        unpacked.map_or_else(|_| odd(), |_| plain.into())
    }
}

/// The same body, which tells `end` what it is made of, and that it is over.
fn holding(body: Body, mut end: End) -> Body {
    if body.is_end_stream() {
        return body;
    }
    body.map_frame(move |frame| {
        if let (Some(heard), Some(data)) = (&mut end.heard, frame.data_ref()) {
            heard.hear(data);
        }
        frame
    })
    .boxed_unsync()
}

fn format(headers: &HeaderMap) -> Format {
    let name = headers
        .get(CONTENT_TYPE)
        .and_then(|name| name.to_str().ok());
    match name.unwrap_or("") {
        "application/vnd.kubernetes.protobuf" => Format::Protobuf,
        "application/yaml" => Format::Yaml,
        _ => Format::Json,
    }
}

fn object(about: &About) -> ObjectRef {
    ObjectRef {
        resource: about.resource.clone(),
        namespace: about.namespace.clone(),
        name: about.name.clone(),
        group: about.version.group.clone(),
        version: about.version.version.clone(),
        subresource: about.subresource.clone(),
    }
}

/// From where a request came, as those say who passed it on, and as the connection says.
fn sources(headers: &HeaderMap, peer: &Peer) -> Vec<String> {
    let told = ["x-forwarded-for", "x-real-ip"].into_iter();
    let told = told.flat_map(|name| headers.get_all(name));
    let told = told.filter_map(|value| value.to_str().ok());
    let told = told.flat_map(|value| value.split(',')).map(str::trim);
    let told = told.filter(|address| address.parse::<std::net::IpAddr>().is_ok());
    let mut sources: Vec<String> = told.take(SOURCES).map(str::to_owned).collect();
    let own = peer.address.map(|address| address.to_string());
    sources.extend(own.filter(|own| sources.last() != Some(own)));
    sources
}
