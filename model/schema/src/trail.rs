//! The way from a value's root to where a walk is, kept on the stack and written out only when
//! there is something to say. A walk over a large value therefore builds no paths.

use gantry_base::FieldPath;

/// Where a walk is.
#[derive(Clone, Copy, Debug)]
pub enum Trail<'a> {
    /// The root.
    Root,
    /// A field, or an entry of a map where messages do not tell them apart.
    Field(&'a Trail<'a>, &'a str),
    /// An entry of a map.
    Key(&'a Trail<'a>, &'a str),
    /// An item of a list.
    Index(&'a Trail<'a>, usize),
}

impl Trail<'_> {
    /// The path in words.
    #[must_use]
    pub fn path(&self) -> FieldPath {
        let mut text = String::new();
        self.write(&mut text);
        FieldPath::new(text)
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Root => {}
            Self::Field(parent, name) => {
                parent.write(text);
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Self::Key(parent, key) => {
                parent.write(text);
                text.extend(["[", key, "]"]);
            }
            Self::Index(parent, index) => {
                parent.write(text);
                text.extend(["[", &index.to_string(), "]"]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_reads_as_a_field_path() {
        let spec = Trail::Field(&Trail::Root, "spec");
        let ports = Trail::Field(&spec, "ports");
        let first = Trail::Index(&ports, 0);
        let labels = Trail::Field(&first, "labels");
        assert_eq!(
            Trail::Key(&labels, "a.b").path().as_str(),
            "spec.ports[0].labels[a.b]"
        );
    }
}
