//! The chapters, in the order in which a reader would try things.

mod aggregation;
mod audit;
mod clients;
mod crash;
mod custom;
mod encryption;
mod errors;
mod etcd;
mod exec_logs;
mod hardening;
mod hollow;
mod networking;
mod pods;
mod policies;
mod rolling;
mod several;
mod storage;
mod tutorial;
mod up_down;
mod volumes;
mod webhooks;

use crash::kill;

use crate::harness::Test;

/// Names tests by their functions.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        &[$($crate::harness::Test { name: stringify!($test), run: $test }),*]
    };
}
use tests;

/// Every chapter with its tests.
pub(crate) const ALL: &[(&str, &[Test])] = &[
    ("up and down", up_down::TESTS),
    ("tutorial", tutorial::TESTS),
    ("pods", pods::TESTS),
    ("rolling update", rolling::TESTS),
    ("networking", networking::TESTS),
    ("volumes", volumes::TESTS),
    ("exec and logs", exec_logs::TESTS),
    ("clients", clients::TESTS),
    ("webhooks", webhooks::TESTS),
    ("custom", custom::TESTS),
    ("policies", policies::TESTS),
    ("encryption", encryption::TESTS),
    ("aggregation", aggregation::TESTS),
    ("audit", audit::TESTS),
    ("errors", errors::TESTS),
    ("hardening", hardening::TESTS),
    ("crash", crash::TESTS),
    ("storage", storage::TESTS),
    ("several clusters", several::TESTS),
    ("etcd", etcd::TESTS),
    ("hollow nodes", hollow::TESTS),
];
