//! The resolver on loopback, asked as a pod would ask it.
#![expect(
    clippy::unwrap_used,
    reason = "the linter does not see that helpers of tests are tests"
)]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use gantry_dns::wire::{Record, Type, read_answers, write_question};
use gantry_dns::{Zone, ZoneConfig};
use gantry_resolver::{HostFiles, Resolver, ResolverConfig};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;

const CLUSTER_DNS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

fn zone(services: &[(&str, &str)]) -> Arc<Zone> {
    let config = ZoneConfig {
        domain: "cluster.local".parse().unwrap(),
        server: CLUSTER_DNS,
    };
    let service = |(name, ip): &(&str, &str)| Service {
        metadata: ObjectMeta {
            namespace: Some("default".into()),
            name: Some((*name).into()),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceSpec {
            cluster_ip: Some((*ip).into()),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    let services: Vec<_> = services.iter().map(service).collect();
    Arc::new(Zone::new(&config, &services, []))
}

async fn bind(port: u16) -> Resolver {
    let nowhere = HostFiles {
        usual: "/nonexistent/a".into(),
        resolved: "/nonexistent/b".into(),
    };
    let listen = Ipv4Addr::LOCALHOST;
    let config = ResolverConfig {
        listen,
        port,
        cluster_dns: CLUSTER_DNS,
        host: nowhere,
    };
    Resolver::bind(config).await.unwrap()
}

/// A resolver that serves until the test ends, and the means to change its zone.
async fn start(services: &[(&str, &str)]) -> (SocketAddrV4, watch::Sender<Arc<Zone>>) {
    let resolver = bind(0).await;
    let address = resolver.address();
    let (sender, receiver) = watch::channel(zone(services));
    tokio::spawn(resolver.serve(receiver, std::future::pending()));
    (address, sender)
}

async fn ask(server: SocketAddrV4, message: &[u8]) -> Vec<u8> {
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(message, server).await.unwrap();
    let mut buffer = vec![0; 4096];
    let length = client.recv(&mut buffer).await.unwrap();
    buffer.truncate(length);
    buffer
}

fn question(name: &str) -> Vec<u8> {
    write_question(7, &name.parse().unwrap(), Type::A)
}

fn addresses(reply: &[u8]) -> Vec<Record> {
    read_answers(reply)
        .unwrap()
        .into_iter()
        .map(|owned| owned.record)
        .collect()
}

fn code(reply: &[u8]) -> u8 {
    reply[3] & 0x0f
}

#[tokio::test]
async fn a_service_is_found_over_datagrams_and_streams() {
    let (server, _zone) = start(&[("web", "10.96.0.7")]).await;
    let question = question("web.default.svc.cluster.local");
    let expected = [Record::A(Ipv4Addr::new(10, 96, 0, 7))];
    assert_eq!(addresses(&ask(server, &question).await), expected);

    let mut stream = TcpStream::connect(server).await.unwrap();
    for _ in 0..2 {
        stream
            .write_u16(question.len().try_into().unwrap())
            .await
            .unwrap();
        stream.write_all(&question).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut reply = vec![0; length.into()];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(addresses(&reply), expected);
    }
}

#[tokio::test]
async fn a_new_zone_counts_at_once() {
    let (server, sender) = start(&[]).await;
    let question = question("web.default.svc.cluster.local");
    assert_eq!(code(&ask(server, &question).await), 3);
    sender.send(zone(&[("web", "10.96.0.8")])).unwrap();
    let reply = ask(server, &question).await;
    assert_eq!(addresses(&reply), [Record::A(Ipv4Addr::new(10, 96, 0, 8))]);
}

#[tokio::test]
async fn names_go_on_being_answered_when_nobody_makes_zones_any_more() {
    let (server, sender) = start(&[("web", "10.96.0.7")]).await;
    drop(sender);
    let reply = ask(server, &question("web.default.svc.cluster.local")).await;
    assert_eq!(addresses(&reply).len(), 1);
}

#[tokio::test]
async fn outside_names_fail_clearly_when_there_is_nobody_to_ask() {
    let (server, _zone) = start(&[]).await;
    assert_eq!(code(&ask(server, &question("www.example.com")).await), 2);
}

#[tokio::test]
async fn nonsense_is_answered_with_an_error_and_the_next_query_as_usual() {
    let (server, _zone) = start(&[("web", "10.96.0.7")]).await;
    let mut two_questions = question("web.default.svc.cluster.local");
    two_questions[5] = 2;
    assert_eq!(code(&ask(server, &two_questions).await), 1);
    let reply = ask(server, &question("web.default.svc.cluster.local")).await;
    assert_eq!(code(&reply), 0);
}

#[tokio::test]
async fn a_taken_port_is_replaced_by_a_free_one() {
    let first = bind(0).await;
    let second = bind(first.address().port()).await;
    assert_ne!(first.address(), second.address());
}
