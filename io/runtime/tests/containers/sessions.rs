//! Conversations with programs in containers.

use std::time::Duration;

use gantry_oci::StartFailureKind;
use gantry_runtime::{Attach, Exec, Runtime, RuntimeError, TerminalSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::node::Node;

pub(crate) async fn exec_returns_output_and_exit_code(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let argv = ["sh", "-c", "cat; echo err >&2; exit 7"]
        .map(str::to_owned)
        .to_vec();
    let request = Exec {
        argv,
        stdin: true,
        ..Exec::default()
    };
    let mut streams = node.runtime.exec(id, request).await.unwrap();
    let mut stdin = streams.stdin.take().unwrap();
    stdin.write_all(b"typed").await.unwrap();
    drop(stdin);
    let (mut out, mut err) = (String::new(), String::new());
    streams
        .stdout
        .unwrap()
        .read_to_string(&mut out)
        .await
        .unwrap();
    streams
        .stderr
        .unwrap()
        .read_to_string(&mut err)
        .await
        .unwrap();
    assert_eq!((out.as_str(), err.as_str()), ("typed", "err\n"));
    assert_eq!(streams.exit.await.unwrap(), 7);
}

pub(crate) async fn exec_of_what_is_not_there_says_so(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let request = Exec {
        argv: vec!["nope".into()],
        ..Exec::default()
    };
    let refused = node.runtime.exec(id.clone(), request).await.unwrap_err();
    let RuntimeError::Start(failure) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(failure.kind, StartFailureKind::NotFound);
    node.runtime.stop(id.clone(), Duration::ZERO).await.unwrap();
    let refused = node.runtime.exec(id, Exec::default()).await.unwrap_err();
    assert!(
        matches!(refused, RuntimeError::NotRunning(_)),
        "{refused:?}"
    );
}

pub(crate) async fn a_terminal_has_a_size_and_can_be_resized(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let argv = ["sh", "-c", "tty; stty size; read x; stty size; exit 4"].map(str::to_owned);
    let size = Some(TerminalSize {
        columns: 100,
        rows: 30,
    });
    let request = Exec {
        argv: argv.to_vec(),
        tty: true,
        stdin: true,
        size,
    };
    let mut streams = node.runtime.exec(id, request).await.unwrap();
    let mut stdout = streams.stdout.take().unwrap();
    let mut output = String::new();
    while !output.contains("30 100") {
        let mut buffer = [0; 256];
        let count = stdout.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended with {output:?}");
        output.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    assert!(output.contains("/dev/pts/0"), "{output:?}");
    let resize = streams.resize.take().unwrap();
    resize
        .send(TerminalSize {
            columns: 120,
            rows: 40,
        })
        .await
        .unwrap();
    resize.closed_after_use().await;
    streams
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"\n")
        .await
        .unwrap();
    stdout.read_to_string(&mut output).await.unwrap();
    assert!(output.contains("40 120"), "{output:?}");
    assert_eq!(streams.exit.await.unwrap(), 4);
}

/// A size is applied by a task of the runtime, which gets its turn here.
trait ClosedAfterUse {
    async fn closed_after_use(self);
}

impl ClosedAfterUse for tokio::sync::mpsc::Sender<TerminalSize> {
    async fn closed_after_use(self) {
        while self.capacity() < self.max_capacity() {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn leaving_an_exec_ends_it(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let argv = ["sleep", "4321"].map(str::to_owned).to_vec();
    let streams = node
        .runtime
        .exec(
            id.clone(),
            Exec {
                argv,
                ..Exec::default()
            },
        )
        .await
        .unwrap();
    drop(streams);
    let (code, _) = node
        .exec(&id, "while ps | grep -q '[s]leep 4321'; do :; done")
        .await;
    assert_eq!(code, 0);
}

pub(crate) async fn attaching_shows_output_and_takes_input(node: &Node) {
    let mut config = node.script("main", "while read x; do echo got $x; done; exit 6");
    config.stdin = true;
    config.stdin_once = true;
    let id = node.start(config).await;
    let attach = Attach {
        stdin: true,
        size: None,
    };
    let mut streams = node.runtime.attach(id.clone(), attach).await.unwrap();
    let mut stdin = streams.stdin.take().unwrap();
    stdin.write_all(b"one\ntwo\n").await.unwrap();
    drop(stdin);
    let mut output = String::new();
    streams
        .stdout
        .unwrap()
        .read_to_string(&mut output)
        .await
        .unwrap();
    assert_eq!(output, "got one\ngot two\n");
    assert_eq!(streams.exit.await.unwrap(), 6);
    assert_eq!(node.output(&id).await, output);
}

pub(crate) async fn a_port_inside_can_be_reached(node: &Node) {
    let id = node
        .start(node.script("main", "echo up; nc -l -p 80 -e echo hello"))
        .await;
    let connected = loop {
        match node.runtime.port_forward(id.sandbox.clone(), 80).await {
            Ok(connected) => break connected,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let (mut reader, mut output) = (connected, String::new());
    reader.read_to_string(&mut output).await.unwrap();
    assert_eq!(output, "hello\n");
    assert!(node.runtime.port_forward(id.sandbox, 81).await.is_err());
}

pub(crate) async fn a_container_on_a_terminal_is_attached_to(node: &Node) {
    let mut config = node.script("main", "tty; read x; stty size; echo $x; exit 8");
    config.tty = true;
    config.stdin = true;
    let id = node.start(config).await;
    node.wrote(&id, "/dev/pts/0").await;
    let size = Some(TerminalSize {
        columns: 90,
        rows: 20,
    });
    let attach = Attach { stdin: true, size };
    let mut streams = node.runtime.attach(id.clone(), attach).await.unwrap();
    assert!(streams.stderr.is_none());
    let (_, shown) = node
        .exec(
            &id,
            "until [ \"$(stty size -F /proc/1/fd/0)\" = '20 90' ]; do :; done",
        )
        .await;
    assert_eq!(shown, "");
    streams
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"typed\n")
        .await
        .unwrap();
    let mut output = String::new();
    streams
        .stdout
        .unwrap()
        .read_to_string(&mut output)
        .await
        .unwrap();
    assert!(output.contains("20 90\r\ntyped\r\n"), "{output:?}");
    assert_eq!(streams.exit.await.unwrap(), 8);
}
