//! Who compacts etcd's history, and up to where: a rule that several servers follow without a
//! lease.
//!
//! Each server tries now and then to raise the same key by one version, naming the version that it
//! saw last. One of them wins, and lets etcd forget what is older than the turn before; the others
//! learn the version and wait again. So history is kept for one interval at least and two at most,
//! however many servers there are and whichever of them die.

use bytes::Bytes;

use crate::request::put;
use crate::space::Space;
use crate::wire::{Against, Compare, Op, RangeRequest, TxnRequest, TxnResponse, result, target};

/// What one server knows of the turns.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The version of the key when it was seen last.
    version: i64,
    /// How far etcd was then; nothing before the first turn.
    then: Option<i64>,
}

impl Turns {
    /// Tries to take the next turn.
    pub(crate) fn request(&self, space: &Space) -> TxnRequest {
        let key = space.turn();
        let is_unchanged = Compare {
            result: result::EQUAL,
            target: target::VERSION,
            key: key.clone(),
            against: Some(Against::Version(self.version)),
        };
        let read = Op::Range(RangeRequest {
            key: key.clone(),
            ..RangeRequest::default()
        });
        TxnRequest {
            compare: vec![is_unchanged],
            success: vec![put(key, Bytes::new())],
            failure: vec![read.into()],
        }
    }

    /// What etcd's history may begin at now, if the turn was ours.
    pub(crate) fn taken(&mut self, response: &TxnResponse) -> Option<i64> {
        let now = response.header.unwrap_or_default().revision;
        let then = self.then.replace(now);
        if response.succeeded {
            self.version += 1;
            return then;
        }
        let read = response.responses.first();
        let kv = read.and_then(|answer| answer.range.as_ref()?.kvs.first());
        self.version = kv.map_or(0, |kv| kv.version);
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::{Header, KeyValue, RangeResponse, ResponseOp};

    use super::*;

    /// The key's version and etcd's revision; and how it answers.
    struct Key(i64, i64);

    impl Key {
        fn answer(&mut self, request: &TxnRequest) -> TxnResponse {
            self.1 += 10;
            let succeeded = request.compare[0].against == Some(Against::Version(self.0));
            self.0 += i64::from(succeeded);
            let kv = KeyValue {
                version: self.0,
                ..KeyValue::default()
            };
            let range = RangeResponse {
                kvs: vec![kv],
                ..RangeResponse::default()
            };
            TxnResponse {
                header: Some(Header {
                    cluster: 1,
                    revision: self.1,
                }),
                succeeded,
                responses: vec![ResponseOp { range: Some(range) }],
            }
        }
    }

    fn turn(turns: &mut Turns, key: &mut Key) -> Option<i64> {
        let request = turns.request(&Space::new("/g/".to_owned(), 0));
        turns.taken(&key.answer(&request))
    }

    #[test]
    fn one_of_several_servers_compacts_to_where_the_turn_before_was() {
        let mut key = Key(0, 0);
        let (mut one, mut two) = (Turns::default(), Turns::default());
        assert_eq!(turn(&mut one, &mut key), None, "nothing is old yet");
        assert_eq!(turn(&mut two, &mut key), None, "it only learns the version");
        assert_eq!(turn(&mut one, &mut key), Some(10));
        assert_eq!(turn(&mut two, &mut key), None, "it was too late");
        assert_eq!(turn(&mut two, &mut key), Some(40), "the other one died");
        assert_eq!(turn(&mut one, &mut key), None, "it was away");
        assert_eq!(turn(&mut one, &mut key), Some(60));
    }
}
