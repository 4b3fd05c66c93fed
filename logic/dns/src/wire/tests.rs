//! Messages as other programs write them, and bytes as nobody should.

use proptest::prelude::*;

use super::*;

/// A query as the usual C library writes it: `web.default`, type A, with the extended protocol.
fn query_bytes() -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1];
    bytes.extend(b"\x03Web\x07default\x00\x00\x01\x00\x01");
    bytes.extend([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn owned(text: &str, record: Record) -> Owned {
    Owned {
        name: name(text),
        ttl: 5,
        record,
    }
}

fn addresses(count: u8) -> Response {
    let answer = |last| owned("web.default", Record::A(Ipv4Addr::new(10, 0, 0, last)));
    Response {
        answers: (0..count).map(answer).collect(),
        ..Response::empty(Code::NoError)
    }
}

#[test]
fn a_query_is_read_with_what_its_client_can_do() {
    let query = read_query(&query_bytes()).unwrap();
    assert_eq!((query.id, query.recursion), (0x1234, true));
    assert_eq!((query.datagram, query.extended), (4096, true));
    assert_eq!((query.name, query.kind), (name("web.default"), Type::A));
}

#[test]
fn an_answer_repeats_the_question_as_it_was_asked() {
    let query = read_query(&query_bytes()).unwrap();
    let answer = write(&query, &addresses(2), Limit::Datagram);
    assert_eq!(answer[12..29], query_bytes()[12..29]);
    assert_eq!(
        answer[29..31],
        [0xc0, 12],
        "the owner is compressed to the question"
    );
    assert_eq!(answer.len(), 29 + 2 * 16 + 11);
    let read = read_answers(&answer).unwrap();
    assert_eq!(read, addresses(2).answers);
}

#[test]
fn what_does_not_fit_is_cut_and_says_so_unless_it_is_a_stream() {
    let mut bytes = query_bytes();
    bytes.truncate(29);
    bytes[11] = 0;
    let query = read_query(&bytes).unwrap();
    assert_eq!((query.datagram, query.extended), (512, false));
    let cut = write(&query, &addresses(200), Limit::Datagram);
    assert!(cut.len() <= 512 && cut[2] & 0x02 != 0);
    assert_eq!(read_answers(&cut).unwrap().len(), (512 - 29) / 16);
    let whole = write(&query, &addresses(200), Limit::Stream);
    assert_eq!(whole[2] & 0x02, 0);
    assert_eq!(read_answers(&whole).unwrap().len(), 200);
}

#[test]
fn additional_records_that_do_not_fit_are_left_out_without_a_word() {
    let mut bytes = query_bytes();
    bytes.truncate(29);
    bytes[11] = 0;
    let query = read_query(&bytes).unwrap();
    let response = Response {
        additional: addresses(200).answers,
        ..addresses(1)
    };
    let answer = write(&query, &response, Limit::Datagram);
    assert!(answer.len() <= 512 && answer[2] & 0x02 == 0);
}

#[test]
fn every_kind_of_record_has_the_length_that_it_says() {
    let query = read_query(&query_bytes()).unwrap();
    let records = [
        Record::Cname(name("a.default")),
        Record::Ptr(name("b.a.default")),
        Record::Soa {
            server: name("ns"),
            keeper: name("root.ns"),
            serial: 7,
        },
        Record::Srv {
            port: 80,
            target: name("a.default"),
        },
        Record::Txt("x".repeat(300)),
        Record::A(Ipv4Addr::LOCALHOST),
    ];
    let answers: Vec<_> = records
        .into_iter()
        .map(|record| owned("web.default", record))
        .collect();
    let response = Response {
        answers,
        ..Response::empty(Code::NoError)
    };
    let read = read_answers(&write(&query, &response, Limit::Stream)).unwrap();
    let kinds: Vec<_> = read.iter().map(|owned| owned.record.kind()).collect();
    assert_eq!(
        kinds,
        [Type::CNAME, Type::TXT, Type::A],
        "the others contain names or are unknown"
    );
    assert_eq!(read[0].record, Record::Cname(name("a.default")));
}

#[test]
fn strange_messages_get_the_reply_they_deserve() {
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = query_bytes();
        edit(&mut bytes);
        read_query(&bytes).unwrap_err()
    };
    let bad = |code| QueryError::Bad { id: 0x1234, code };
    assert_eq!(with(&|bytes| bytes.truncate(11)), QueryError::NotAQuery);
    assert_eq!(
        with(&|bytes| bytes[2] |= 0x80),
        QueryError::NotAQuery,
        "an answer"
    );
    assert_eq!(with(&|bytes| bytes[2] |= 0x08), bad(Code::NotImp));
    assert_eq!(
        with(&|bytes| bytes[5] = 2),
        bad(Code::FormErr),
        "two questions"
    );
    assert_eq!(
        with(&|bytes| bytes[28] = 3),
        bad(Code::Refused),
        "another class"
    );
    assert_eq!(with(&|bytes| bytes.truncate(20)), bad(Code::FormErr));
    assert_eq!(
        with(&|bytes| bytes[12] = 0xc0),
        bad(Code::FormErr),
        "a pointer in a question"
    );
}

#[test]
fn pointers_in_circles_end() {
    let mut bytes = vec![0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read_answers(&bytes), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop((read_query(&bytes), read_answers(&bytes)));
    }

    #[test]
    fn any_damage_to_an_answer_is_survived(at in 0..72_usize, byte in any::<u8>()) {
        let query = read_query(&query_bytes()).unwrap();
        let mut bytes = write(&query, &addresses(2), Limit::Datagram);
        let length = bytes.len();
        bytes[at % length] = byte;
        drop(read_answers(&bytes));
        bytes[2] &= 0x7f;
        if let Ok(query) = read_query(&bytes) {
            prop_assert!(write(&query, &addresses(2), Limit::Datagram).len() <= 1232);
        }
    }
}
