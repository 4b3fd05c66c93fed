use super::*;

#[test]
fn a_story_that_is_wrong_comes_out_right_and_stays_so() {
    let story =
        "# A pod runs.\n\ncluster nodes=1\napply pod/a\nsettle\n\nget pods\n----\nNAME\nx\n";
    let told = retell(story).unwrap();
    assert_eq!(
        told,
        "# A pod runs.\n\ncluster nodes=1\napply pod/a\nsettle\n\nget pods\n----\n\
         NAME   READY   STATUS    RESTARTS\na      1/1     Running   0\n"
    );
    assert_eq!(retell(&told).unwrap(), told);
}

#[test]
fn what_is_not_understood_is_named_with_its_line() {
    let wrong = |story: &str| retell(story).unwrap_err().to_string();
    assert_eq!(
        wrong("# x\napply pod/a\n"),
        "tell line 2: the first command is `cluster`"
    );
    assert_eq!(
        wrong("cluster nodes=0\njump high\n"),
        "tell line 2: nobody knows how to jump"
    );
    assert_eq!(
        wrong("cluster nodes=0\napply pod/a size=3\n"),
        "tell line 2: `apply` knows no size"
    );
    assert_eq!(
        wrong("cluster nodes=0\ncut node-9\n"),
        "tell line 2: there is no node-9"
    );
}

#[test]
fn a_refusal_is_part_of_the_story() {
    let told = retell("cluster nodes=0\ndelete pod/none\n").unwrap();
    assert_eq!(
        told,
        "cluster nodes=0\ndelete pod/none\n----\nError: pods \"none\" not found\n"
    );
}
