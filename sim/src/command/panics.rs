//! Panics are outcomes here: they are remembered instead of printed.

use std::cell::RefCell;

thread_local! {
    /// What this thread's last panic said.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on panics print nothing; [`super::Case::run`] tells of them.
pub fn listen() {
    std::panic::set_hook(Box::new(|news| {
        let text = news.to_string().replace('\n', " ");
        LAST.with_borrow_mut(|last| *last = text);
    }));
}

/// What the last panic of this thread said.
pub(super) fn last() -> String {
    let text = LAST.take();
    if text.is_empty() {
        "a panic".to_owned()
    } else {
        text
    }
}
