//! Many short lives: no law is broken, and the same seed does the same again.

use super::*;

#[test]
fn no_law_is_broken_in_three_thousand_power_cuts() {
    let figures = run(1, 3000).unwrap_or_else(|violation| panic!("{violation}"));
    let Detected {
        damaged, lost, gap, ..
    } = figures.detected;
    assert!(damaged > 0 && lost > 0 && gap > 0, "{figures}");
}

#[test]
fn the_same_seed_lives_the_same_life() {
    assert_eq!(run(7, 200), run(7, 200));
}

#[test]
fn a_lying_disk_may_bring_back_a_refused_batch_that_was_cut_off() {
    let mut figures = Figures::default();
    live(11_578_948_176_504_632_166, &mut figures).unwrap_or_else(|broken| panic!("{broken}"));
    assert!(figures.traceless > 0, "{figures}");
}
