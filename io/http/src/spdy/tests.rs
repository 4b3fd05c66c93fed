//! The codec against itself, and a session over memory against a client made of the same codec.

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;

use super::connection::serve;
use super::frame::{Frame, SpdyError, decode, encode};
use super::headers::{Headers, Packer, Unpacker};
use super::peer::Peer;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers(
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
    )
}

fn adler32(bytes: &[u8]) -> u32 {
    let step = |(a, b): (u32, u32), byte: &u8| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    };
    let (a, b) = bytes.iter().fold((1, 0), step);
    b << 16 | a
}

#[test]
fn the_dictionary_has_the_protocols_checksum() {
    let dictionary = super::dictionary::dictionary();
    assert_eq!(
        (dictionary.len(), adler32(&dictionary)),
        (1423, 0xe3c6_a7c2)
    );
}

#[test]
fn every_frame_reads_as_it_was_written() {
    let frames = [
        Frame::SynStream {
            id: 1,
            fin: false,
            headers: headers(&[("streamtype", "error")]),
        },
        Frame::SynReply {
            id: 1,
            fin: false,
            headers: headers(&[]),
        },
        Frame::SynStream {
            id: 3,
            fin: true,
            headers: headers(&[("streamtype", "stdin")]),
        },
        Frame::Data {
            id: 3,
            fin: false,
            bytes: Bytes::from_static(b"hello"),
        },
        Frame::Data {
            id: 3,
            fin: true,
            bytes: Bytes::new(),
        },
        Frame::Headers {
            id: 1,
            fin: false,
            headers: headers(&[("a", &"b".repeat(5000))]),
        },
        Frame::Reset { id: 1, status: 5 },
        Frame::Settings,
        Frame::Ping { id: 7 },
        Frame::GoAway { last: 3, status: 0 },
        Frame::WindowUpdate {
            id: 1,
            delta: 65_536,
        },
    ];
    let (mut packer, mut unpacker) = (Packer::new(), Unpacker::new());
    let mut wire = BytesMut::new();
    frames
        .iter()
        .for_each(|frame| encode(frame, &mut packer, &mut wire));
    for frame in &frames {
        assert_eq!(
            decode(&mut wire, &mut unpacker).unwrap().as_ref(),
            Some(frame)
        );
    }
    assert!(wire.is_empty());
}

#[test]
fn half_a_frame_is_waited_for() {
    let mut whole = BytesMut::new();
    encode(&Frame::Ping { id: 1 }, &mut Packer::new(), &mut whole);
    for length in 0..whole.len() {
        let mut part = BytesMut::from(&whole[..length]);
        assert_eq!(decode(&mut part, &mut Unpacker::new()).unwrap(), None);
        assert_eq!(
            part.len(),
            length,
            "nothing is taken from an incomplete frame"
        );
    }
}

#[test]
fn nonsense_is_an_error_and_not_a_panic() {
    let read = |bytes: &[u8]| decode(&mut BytesMut::from(bytes), &mut Unpacker::new());
    assert!(matches!(
        read(b"GET / HTTP/1.1\r\n"),
        Err(SpdyError::TooLarge { .. })
    ));
    assert!(matches!(
        read(&[0x80, 2, 0, 6, 0, 0, 0, 0]),
        Err(SpdyError::Version { found: 2 })
    ));
    assert!(matches!(
        read(&[0x80, 3, 0, 6, 0, 0, 0, 0]),
        Err(SpdyError::Short)
    ));
    let syn = [
        0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 9,
    ];
    assert!(matches!(read(&syn), Err(SpdyError::Headers)));
}

#[tokio::test]
async fn a_stream_carries_bytes_both_ways_and_ends_each_way_by_itself() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (mut streams, drive) = serve(ours);
    let drive = tokio::spawn(drive);
    let mut client = Peer::new(theirs);

    client
        .send(Frame::SynStream {
            id: 1,
            fin: false,
            headers: headers(&[("a", "b")]),
        })
        .await;
    let mut stream = streams.recv().await.unwrap();
    assert_eq!(stream.headers.get("A"), Some("b"));
    assert!(matches!(
        client.receive().await,
        Some(Frame::SynReply {
            id: 1,
            fin: false,
            ..
        })
    ));

    client
        .send(Frame::Data {
            id: 1,
            fin: true,
            bytes: Bytes::from_static(b"in"),
        })
        .await;
    let mut input = String::new();
    stream.input.read_to_string(&mut input).await.unwrap();
    assert_eq!(input, "in");

    stream
        .output
        .send(Bytes::from_static(b"out"))
        .await
        .unwrap();
    stream.output.end().await.unwrap();
    stream.output.close().await.unwrap();
    let bytes = Bytes::from_static(b"out");
    assert_eq!(
        client.receive().await,
        Some(Frame::Data {
            id: 1,
            fin: false,
            bytes
        })
    );
    let bytes = Bytes::new();
    assert_eq!(
        client.receive().await,
        Some(Frame::Data {
            id: 1,
            fin: true,
            bytes
        })
    );
    assert_eq!(client.receive().await, None);
    drop(client);
    drive.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_ping_is_answered_and_a_reset_stream_takes_no_more() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (mut streams, drive) = serve(ours);
    let drive = tokio::spawn(drive);
    let mut client = Peer::new(theirs);

    client
        .send(Frame::SynStream {
            id: 1,
            fin: false,
            headers: headers(&[]),
        })
        .await;
    let stream = streams.recv().await.unwrap();
    client.send(Frame::Reset { id: 1, status: 5 }).await;
    client.send(Frame::Ping { id: 9 }).await;
    assert!(matches!(
        client.receive().await,
        Some(Frame::SynReply { .. })
    ));
    assert_eq!(client.receive().await, Some(Frame::Ping { id: 9 }));
    assert!(stream.output.send(Bytes::from_static(b"x")).await.is_err());
    client
        .send(Frame::SynStream {
            id: 2,
            fin: false,
            headers: headers(&[]),
        })
        .await;
    assert!(matches!(
        client.receive().await,
        Some(Frame::Reset { id: 2, .. })
    ));
    drop(client);
    drive.await.unwrap().unwrap();
}
