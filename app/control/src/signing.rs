//! Issues the certificates that are decided on: the authority's key is in this process.

use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::ObjectKey;
use gantry_base::{Timestamp, chain};
use gantry_client::Api;
use gantry_controllers::CertificateIssuing;
use gantry_controllers::certificates::issuing::{Issuing, NAME, Order, World, issued};
use gantry_driver::{ApiExecutor, Driver, End, Executor, Ground, Outcome, Subject, inbox};
use gantry_gateway::Clock;
use gantry_pki::{Pki, PkiError, Usages};
use gantry_reconcile::{Plan, Reconciler, Sources, View, Write};

/// The loop over all requests.
struct Requests {
    sources: Sources,
}

impl Subject for Requests {
    type Key = ObjectKey;
    type World = World;
    type Action = Issuing;

    fn name(&self) -> &'static str {
        NAME
    }

    fn all_keys(&self, view: &View) -> Vec<ObjectKey> {
        self.sources.all_keys(view).into_iter().collect()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        CertificateIssuing.observe(view, key, now)
    }

    fn decide(&self, world: &World) -> Plan<Issuing> {
        CertificateIssuing.reconcile(world)
    }

    fn concerned(&self, key: &ObjectKey, _actions: &[Issuing]) -> Vec<ObjectKey> {
        vec![key.clone()]
    }
}

/// Signs, and writes down what was signed.
struct Signer {
    pki: Arc<Pki>,
    clock: Arc<dyn Clock>,
    api: ApiExecutor,
}

impl Signer {
    fn sign(&self, order: Order) -> Result<Write, PkiError> {
        let usages = Usages {
            client: order.client,
            server: order.server,
            signature: true,
            encipherment: order.encipherment,
        };
        let authority = self.pki.authority();
        let request = &order.request.spec.request.0;
        let certificate = authority.answer(request, usages, order.life, self.clock.now())?;
        Ok(issued(order.request, certificate))
    }
}

impl Executor<Issuing> for Signer {
    async fn carry_out(&self, actions: Vec<Issuing>) -> Outcome<Issuing> {
        let mut writes = Vec::new();
        for action in actions {
            match action {
                Issuing::Fail(write) => writes.push(*write),
                Issuing::Issue(order) => match self.sign(*order) {
                    Ok(write) => writes.push(write),
                    Err(error) => {
                        return Outcome {
                            written: std::collections::BTreeMap::new(),
                            end: End::Failed(chain(&error)),
                        };
                    }
                },
            }
        }
        let Outcome { written, end } = self.api.carry_out(writes).await;
        let end = match end {
            End::Done => End::Done,
            End::Stale => End::Stale,
            End::Refused(write, why) => End::Refused(Issuing::Fail(Box::new(write)), why),
            End::Failed(why) => End::Failed(why),
        };
        Outcome { written, end }
    }
}

/// Starts to issue certificates.
pub(crate) fn start(pki: &Arc<Pki>, api: Arc<dyn Api>, ground: &Ground, tasks: &mut JoinSet<()>) {
    let Ground {
        cache,
        clock,
        record,
    } = ground.clone();
    let sources = CertificateIssuing.sources();
    let inbox = inbox(&sources, &cache);
    let signer = Signer {
        pki: Arc::clone(pki),
        clock: Arc::clone(&clock),
        api: ApiExecutor::new(api, NAME, Arc::clone(&clock)),
    };
    let driver = Driver::new(Requests { sources }, signer, cache.clone(), inbox, clock);
    let driver = driver.recorded(&record);
    tasks.spawn(async move {
        cache.synced().await;
        driver.run().await;
    });
}
