//! Every committed input, and a number of mutations that a fixed seed decides.

use gantry_fuzz::{ALL, Bounds, Hunt};

/// Mutations of each target: a few seconds for all of them, without optimization.
const MUTATIONS: usize = 600;

#[test]
fn no_decoder_is_impressed() {
    for target in ALL {
        let mut hunt = Hunt::begin(target, 1, Bounds::default()).unwrap();
        for _ in 0..MUTATIONS {
            if let Err(finding) = hunt.step() {
                let input = String::from_utf8_lossy(&finding.input);
                panic!(
                    "{}: {}; the input is\n{input}\n{:?}",
                    target.name, finding.what, finding.input
                );
            }
        }
        assert!(
            hunt.heard() > 1,
            "{}: it says the same to everything",
            target.name
        );
    }
}
