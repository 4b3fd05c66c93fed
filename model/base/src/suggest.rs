//! "Did you mean": the known word nearest to a mistyped one.

/// Words further away than this are not worth suggesting.
const FARTHEST: usize = 2;

/// The candidate nearest to `word`: the same but for case, else within two edits.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        if candidate.eq_ignore_ascii_case(word) {
            return Some(candidate);
        }
        let distance = distance(&word.to_ascii_lowercase(), &candidate.to_ascii_lowercase());
        let near = distance <= FARTHEST && distance * 2 < word.len().max(2);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete, replace or swap with a neighbour.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut above_previous: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (row, letter) in left.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let replace = previous[column] + usize::from(letter != *other);
            let mut least = replace
                .min(previous[column + 1] + 1)
                .min(current[column] + 1);
            let swapped = column > 0 && last == Some(*other) && right[column - 1] == letter;
            if swapped && row > 0 {
                least = least.min(above_previous[column - 1] + 1);
            }
            current.push(least);
        }
        above_previous = std::mem::replace(&mut previous, current);
        last = Some(letter);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_small_slips_are_seen_through() {
        let fields = ["name", "nodePort", "port", "targetPort"];
        assert_eq!(nearest("NodePort", fields), Some("nodePort"));
        assert_eq!(nearest("tragetPort", fields), Some("targetPort"));
        assert_eq!(nearest("replicas", fields), None);
        assert_eq!(nearest("x", fields), None);
    }
}
