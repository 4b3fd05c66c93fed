//! Indexes of pods, written as `1,3-5,7`.

/// The intervals that `text` names, in order; none of them empty. When `completions` is given, all
/// lie below it.
pub(super) fn parse(text: &str, completions: Option<i32>) -> Result<Vec<(i32, i32)>, String> {
    let mut intervals = Vec::new();
    let mut last = None;
    for fragment in text.split(',').filter(|_| !text.is_empty()) {
        let mut parts = fragment.split('-');
        let (first, second, more) = (parts.next().unwrap_or(""), parts.next(), parts.next());
        if more.is_some() {
            return Err(format!(
                "the fragment {fragment:?} violates the requirement that an index interval can \
                 have at most two parts separated by '-'"
            ));
        }
        let low = index(first, completions, last)?;
        let high = match second {
            Some(second) => index(second, completions, Some(low))?,
            None => low,
        };
        last = Some(high);
        intervals.push((low, high));
    }
    Ok(intervals)
}

fn index(text: &str, completions: Option<i32>, last: Option<i32>) -> Result<i32, String> {
    let number: i32 = text
        .parse()
        .map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
    if completions.is_some_and(|completions| number >= completions) {
        return Err(format!("too large index: {text:?}"));
    }
    if let Some(last) = last.filter(|last| *last >= number) {
        return Err(format!(
            "non-increasing order, previous: {last}, current: {number}"
        ));
    }
    Ok(number)
}

/// How many indexes the intervals hold.
pub(super) fn count(intervals: &[(i32, i32)]) -> i64 {
    let size = |(low, high): &(i32, i32)| i64::from(*high) - i64::from(*low) + 1;
    intervals.iter().map(size).sum()
}

/// The lowest index that both hold.
pub(super) fn common(one: &[(i32, i32)], other: &[(i32, i32)]) -> Option<i32> {
    let overlap = |(low, high): &(i32, i32)| {
        let meets = |(from, to): &&(i32, i32)| from <= high && low <= to;
        other.iter().find(meets).map(|(from, _)| *from.max(low))
    };
    one.iter().find_map(overlap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_as_written() {
        assert_eq!(parse("", Some(5)), Ok(Vec::new()));
        let intervals = parse("0,2-4,7", Some(8)).unwrap();
        assert_eq!(intervals, [(0, 0), (2, 4), (7, 7)]);
        assert_eq!(count(&intervals), 5);
        assert_eq!(common(&intervals, &[(1, 1), (3, 9)]), Some(3));
        assert_eq!(common(&intervals, &[(5, 6)]), None);
    }

    #[test]
    fn what_is_no_list_of_intervals_is_named() {
        let wrong = ["1-2-3", "x", "8", "2-2", "3,1", "1,"];
        let found: Vec<String> = wrong
            .into_iter()
            .map(|text| parse(text, Some(8)).unwrap_err())
            .collect();
        assert_eq!(
            found,
            [
                "the fragment \"1-2-3\" violates the requirement that an index interval can have \
                 at most two parts separated by '-'",
                "cannot convert string to integer for index: \"x\"",
                "too large index: \"8\"",
                "non-increasing order, previous: 2, current: 2",
                "non-increasing order, previous: 3, current: 1",
                "cannot convert string to integer for index: \"\"",
            ]
        );
    }
}
