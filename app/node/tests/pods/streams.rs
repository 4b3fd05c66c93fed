//! What people see of a pod while it runs.

use futures_util::StreamExt;
use gantry_http::nodes::{ExecRequest, LogOptions, PodRef};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::lab::{Lab, pod};

pub(crate) async fn logs_are_followed_and_programs_run(lab: &mut Lab) {
    lab.create(
        "pods",
        pod(
            "talks",
            "echo one; echo two; while ! test -e /tmp/end; do sleep 0.05; done; echo three",
        ),
    )
    .await;
    let running = |pod: &Value| pod["status"]["phase"] == "Running";
    let found = lab.until("pods", "default", "talks", running).await;
    let reference = PodRef {
        namespace: "default".to_owned(),
        name: "talks".to_owned(),
        uid: found["metadata"]["uid"].as_str().unwrap().to_owned(),
        node: "node".to_owned(),
    };
    let nodes = lab.node().streams();
    let options = LogOptions {
        container: "main".to_owned(),
        follow: true,
        ..LogOptions::default()
    };
    let mut log = nodes.logs(reference.clone(), options).await.unwrap();
    let mut text = String::new();
    while text != "one\ntwo\n" {
        text += &String::from_utf8_lossy(&log.next().await.unwrap().unwrap());
    }
    let request = ExecRequest {
        container: "main".to_owned(),
        argv: ["sh", "-c", "touch /tmp/end; echo done; exit 7"]
            .map(str::to_owned)
            .to_vec(),
        stdout: true,
        stderr: true,
        ..ExecRequest::default()
    };
    let mut session = nodes.exec(reference.clone(), request).await.unwrap();
    let mut output = String::new();
    session
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut output)
        .await
        .unwrap();
    assert_eq!((output.as_str(), session.exit.await), ("done\n", Ok(7)));
    while let Some(chunk) = log.next().await {
        text += &String::from_utf8_lossy(&chunk.unwrap());
    }
    assert_eq!(text, "one\ntwo\nthree\n");
    let last = LogOptions {
        container: "main".to_owned(),
        tail_lines: Some(1),
        previous: false,
        ..LogOptions::default()
    };
    lab.delete("pods", "talks").await;
    drop(nodes.logs(reference, last).await);
    lab.until_gone("talks").await;
}
