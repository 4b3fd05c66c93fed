//! From RE2's notation to that of our engine, where the two differ.
//!
//! Digits, words and spaces are those of ASCII; inside of brackets, only the closing bracket, the
//! hyphen, the stroke and named classes are special.

/// The same pattern in the engine's notation.
pub(super) fn translate(pattern: &str) -> String {
    let mut made = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Q') if !in_class => literal(&mut chars, &mut made),
                Some(c) => escape(c, in_class, &mut made),
                None => made.push('\\'),
            },
            '[' if in_class => match chars.peek() {
                // A named class, such as [:alpha:].
                Some(':') => made.push('['),
                _ => made.push_str("\\["),
            },
            '[' => {
                in_class = true;
                made.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    made.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    made.push_str("\\]");
                }
            }
            ']' if in_class => {
                // The end of a named class is not the end of the brackets.
                in_class = made.ends_with(':')
                    && made.rfind("[:").is_some_and(|at| {
                        made[at + 2..made.len() - 1]
                            .chars()
                            .all(|c| c.is_ascii_alphabetic() || c == '^')
                    });
                made.push(']');
            }
            '&' | '~' if in_class => made.extend(['\\', c]),
            c => made.push(c),
        }
    }
    made
}

fn escape(c: char, in_class: bool, made: &mut String) {
    let class = match c {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\x0c\\r ",
        'D' | 'W' | 'S' => return negated(c, made),
        'b' | 'B' if !in_class => {
            made.push_str("(?-u:\\");
            made.extend([c, ')']);
            return;
        }
        other => {
            made.extend(['\\', other]);
            return;
        }
    };
    if in_class {
        made.push_str(class);
    } else {
        made.push('[');
        made.push_str(class);
        made.push(']');
    }
}

/// Classes within classes are the engine's own way to say this.
fn negated(c: char, made: &mut String) {
    made.push_str(match c {
        'D' => "[^0-9]",
        'W' => "[^0-9A-Za-z_]",
        _ => "[^\\t\\n\\x0c\\r ]",
    });
}

/// What stands between `\Q` and `\E` stands for itself.
fn literal(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, made: &mut String) {
    let mut text = String::new();
    for c in chars.by_ref() {
        text.push(c);
        if text.ends_with("\\E") {
            text.truncate(text.len() - 2);
            break;
        }
    }
    made.push_str(&regex::escape(&text));
}
