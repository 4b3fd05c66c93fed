//! Which queues a flow is dealt.
//!
//! Like a hand of cards: as many different ones as it may hold, each set as likely as any other.
//! The same flow is always dealt the same hand.

/// `size` different numbers below `deck`, in the order in which they were dealt.
pub(crate) fn hand(hash: u64, deck: u32, size: u32) -> Vec<u32> {
    let mut rest = hash;
    let mut dealt: Vec<u32> = Vec::new();
    for left in (1..=deck)
        .rev()
        .take(usize::try_from(size).unwrap_or(usize::MAX))
    {
        let place = rest % u64::from(left);
        rest /= u64::from(left);
        let mut card = u32::try_from(place).expect("smaller than the deck");
        // The card at this place among those that are left: each smaller one that is gone moves it.
        let mut gone = dealt.clone();
        gone.sort_unstable();
        for taken in gone {
            if taken <= card {
                card += 1;
            }
        }
        dealt.push(card);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_hand_holds_different_cards_of_the_deck() {
        for hash in (0..2000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            for (deck, size) in [(1, 1), (8, 8), (64, 6), (128, 6), (3, 9)] {
                let hand = hand(hash, deck, size);
                assert_eq!(hand.len(), usize::try_from(size.min(deck)).unwrap());
                let different: BTreeSet<u32> = hand.iter().copied().collect();
                assert_eq!(different.len(), hand.len());
                assert!(hand.iter().all(|card| *card < deck));
            }
        }
    }

    #[test]
    fn every_card_is_dealt_about_as_often_as_any_other() {
        let mut counts = [0; 16];
        for hash in (0..16_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4) {
            for card in hand(hash, 16, 4) {
                counts[usize::try_from(card).unwrap()] += 1;
            }
        }
        assert!(
            counts.iter().all(|count| (3600..4400).contains(count)),
            "{counts:?}"
        );
    }
}
