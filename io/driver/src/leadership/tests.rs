//! Two processes before one lease, on a paused clock.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gantry_api::GroupResource;
use gantry_base::ignore;
use gantry_client::{Frames, Pending};
use gantry_gateway::SystemClock;
use gantry_reconcile::Timing;
use gantry_steering::requests as wire;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

/// A server that knows one object, a lease, and forgets what else it is told.
#[derive(Debug, Default)]
struct Shelf {
    lease: Mutex<Option<Lease>>,
}

/// A way to the server that can be closed: then nothing is answered any more.
#[derive(Debug)]
struct Door {
    shelf: Arc<Shelf>,
    is_open: AtomicBool,
}

impl Shelf {
    fn answer(&self, request: &gantry_registry::Request) -> Result<Bytes, Rejection> {
        let name = request.name.clone().unwrap_or_default();
        let resource = GroupResource::of::<Lease>();
        let missing = Rejection::NotFound {
            resource: resource.clone(),
            name: name.clone(),
        };
        if request.resource.plural != "leases" {
            return Err(Rejection::NoSuchPath);
        }
        let mut shelf = self.lease.lock().unwrap();
        let Some(body) = &request.body else {
            let known = shelf.as_ref().ok_or(missing)?;
            return Ok(serde_json::to_vec(known).unwrap().into());
        };
        let mut lease: Lease = wire::decode(&body.bytes)?;
        let version = |lease: &Lease| lease.metadata.resource_version.clone();
        let known = shelf.as_ref().and_then(version);
        if version(&lease) != known {
            let why = "it changed".to_owned();
            return Err(Rejection::Conflict {
                resource,
                name,
                why,
            });
        }
        let next = known.map_or(0, |known| known.parse::<u64>().unwrap()) + 1;
        lease.metadata.resource_version = Some(next.to_string());
        *shelf = Some(lease.clone());
        Ok(serde_json::to_vec(&lease).unwrap().into())
    }

    fn holder(&self) -> Option<String> {
        let lease = self.lease.lock().unwrap().clone();
        lease?.spec?.holder_identity
    }
}

impl Api for Door {
    fn call(&self, request: gantry_registry::Request) -> Pending<'_, Result<Bytes, Rejection>> {
        Box::pin(async move {
            if !self.is_open.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            self.shelf.answer(&request)
        })
    }

    fn watch(
        &self,
        _request: gantry_registry::Request,
    ) -> Pending<'_, Result<Box<dyn Frames>, Rejection>> {
        Box::pin(async { Err(Rejection::MethodNotAllowed) })
    }
}

/// Who works at the moment.
type Working = watch::Sender<Vec<&'static str>>;

/// Works as long as it lives.
struct Worker(Working, &'static str);

impl Worker {
    fn begin(working: &Working, who: &'static str) -> Self {
        working.send_modify(|all| all.push(who));
        Self(working.clone(), who)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.send_modify(|all| all.retain(|who| *who != self.1));
    }
}

struct Process {
    door: Arc<Door>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn start(shelf: &Arc<Shelf>, who: &'static str, working: &Working) -> Process {
    let door = Arc::new(Door {
        shelf: Arc::clone(shelf),
        is_open: AtomicBool::new(true),
    });
    let working = working.clone();
    let work = move |tasks: &mut JoinSet<()>| {
        let worker = Worker::begin(&working, who);
        tasks.spawn(async move {
            let _worker = worker;
            std::future::pending::<()>().await;
        });
    };
    let election = Election::new("kube-system", "leader", who, Timing::default());
    let clock = Arc::new(SystemClock::default());
    let api: Arc<dyn Api> = Arc::clone(&door) as _;
    let leadership = Leadership::new(election, "leader", (api, clock), &Record::default(), work);
    let (end, ended) = oneshot::channel();
    let task = tokio::spawn(leadership.run(async move {
        ignore(
            ended.await,
            "a sender that is gone asks for the end as well",
        );
    }));
    Process { door, end, task }
}

async fn at_work(working: &Working, who: &[&str]) -> Duration {
    let begun = Instant::now();
    let mut receiver = working.subscribe();
    receiver.wait_for(|all| all == who).await.unwrap();
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_stops_before_the_other_one_begins() {
    let (shelf, working) = (Arc::new(Shelf::default()), Working::default());
    let one = start(&shelf, "one", &working);
    at_work(&working, &["one"]).await;
    let _two = start(&shelf, "two", &working);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(*working.borrow(), ["one"]);

    one.door.is_open.store(false, Ordering::SeqCst);
    let stopped = at_work(&working, &[]).await;
    assert!(stopped <= Duration::from_secs(10), "{stopped:?}");
    let began = at_work(&working, &["two"]).await;
    assert!(Duration::from_secs(3) <= began && stopped + began <= Duration::from_secs(17));

    // Back again, it waits like anybody else.
    one.door.is_open.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(*working.borrow(), ["two"]);
}

#[tokio::test(start_paused = true)]
async fn who_ends_lets_the_next_one_begin() {
    let (shelf, working) = (Arc::new(Shelf::default()), Working::default());
    let one = start(&shelf, "one", &working);
    at_work(&working, &["one"]).await;
    let _two = start(&shelf, "two", &working);
    one.end.send(()).unwrap();
    one.task.await.unwrap();
    assert_eq!(shelf.holder(), None);
    let began = at_work(&working, &["two"]).await;
    assert!(began <= Duration::from_secs(2), "{began:?}");
}

#[tokio::test(start_paused = true)]
async fn an_end_does_not_wait_for_a_server_that_is_silent() {
    let (shelf, working) = (Arc::new(Shelf::default()), Working::default());
    let one = start(&shelf, "one", &working);
    at_work(&working, &["one"]).await;
    one.door.is_open.store(false, Ordering::SeqCst);
    let begun = Instant::now();
    one.end.send(()).unwrap();
    one.task.await.unwrap();
    assert!(begun.elapsed() <= RELEASE);
    assert!(working.borrow().is_empty());
    assert_eq!(shelf.holder().as_deref(), Some("one"));
}
