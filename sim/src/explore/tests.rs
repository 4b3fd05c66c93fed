use super::*;

#[test]
fn nothing_that_goes_wrong_once_leads_elsewhere() {
    let mut wrong = Vec::new();
    let all = explore(1, |explored| println!("{explored}"));
    for explored in &all {
        for finding in &explored.unsettled {
            wrong.push(format!("{explored}\n{finding}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
