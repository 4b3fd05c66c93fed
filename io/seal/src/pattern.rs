//! Which resources a rule is for, as EncryptionConfiguration writes it.

/// Some resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*.*`: every resource.
    All,
    /// `*.GROUP`: every resource of a group; `*.` means the one without a name.
    Group(String),
    /// `RESOURCE.GROUP`, or `RESOURCE` of the group without a name.
    One(String),
}

impl Pattern {
    /// Reads what was written; what is wrong with it otherwise.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some(("*", "*")) => Ok(Self::All),
            Some(("*", group)) if !group.contains('*') => Ok(Self::Group(group.to_owned())),
            _ if text.is_empty() || text.contains(['*', '/', '~']) => Err(format!(
                "the resource {text:?} has to be written as RESOURCE, RESOURCE.GROUP, *.GROUP or *.*"
            )),
            _ => Ok(Self::One(text.to_owned())),
        }
    }

    /// Whether values at `path` are meant. Records that are no objects never are.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let family = path.split('/').next().unwrap_or(path);
        if family.starts_with('~') {
            return false;
        }
        match self {
            Self::All => true,
            Self::Group(group) => family.split_once('.').map_or("", |(_, group)| group) == group,
            Self::One(one) => family == one,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_resources_that_it_names() {
        for (pattern, path, is_meant) in [
            ("secrets", "secrets/default/x", true),
            ("secrets", "secretstores/default/x", false),
            ("secrets", "secrets.example.com/default/x", false),
            ("widgets.example.com", "widgets.example.com//x", true),
            ("*.apps", "deployments.apps/a/x", true),
            ("*.apps", "pods/a/x", false),
            ("*.", "pods/a/x", true),
            ("*.", "deployments.apps/a/x", false),
            ("*.*", "deployments.apps/a/x", true),
            ("*.*", "~cluster//authority", false),
        ] {
            let read = Pattern::read(pattern).unwrap();
            assert_eq!(read.matches(path), is_meant, "{pattern} {path}");
        }
        for wrong in ["", "*", "secrets*", "*.*.x", "a/b"] {
            assert!(Pattern::read(wrong).is_err(), "{wrong}");
        }
    }
}
