use super::*;

const INTERFACE: &str = "\
package k8s.io.api.a.v1;
message Thing {
  // Words.
  optional Source source = 2;

  optional int32 size = 1;
  map<string, Words> extra = 4;
  repeated .k8s.io.apimachinery.pkg.apis.meta.v1.Time at = 3;
}
message Source {
  optional bool on = 7;
}
message Words {
  repeated string items = 1;
}
";
const STRUCTURES: &str = "\
type Thing struct {
\tTypeMeta `json:\",inline\"`
\tSize int32 `json:\"size,omitempty\" protobuf:\"varint,1,opt,name=size\"`
\tSource `json:\",inline\" protobuf:\"bytes,2,opt,name=source\"`
\tAt []Time `json:\"at\" protobuf:\"bytes,3,rep,name=at\"`
\tExtra map[string]Words `json:\"extra\" protobuf:\"bytes,4,rep,name=extra\"`
}
type Source struct {
\tOn *bool `json:\"ON,omitempty\" protobuf:\"varint,7,opt,name=on\"`
}
";
const FACTS: &str = "\
type\tio.k8s.api.a.v1.Thing
kind\ta\tv1\tThing
\tON\tbool\t
\tat\t[]time\t
\textra\t{}[]string\t
\tkind\tstring\t
\tsize\tint32\t
";

#[test]
fn messages_are_joined_with_what_their_tags_say() {
    let messages = source::package(INTERFACE, STRUCTURES).unwrap();
    let more = [("b\tv1\tSource", "io.k8s.api.a.v1.Source")];
    let table = table(FACTS, &more, &messages).unwrap();
    assert_eq!(
        table.strip_prefix(HEAD).unwrap(),
        "message\tio.k8s.api.a.v1.Source\t\nkind\tb\tv1\tSource\n\t7\tON\tbool\t\n\
         message\tio.k8s.api.a.v1.Thing\t\n\t1\tsize\tint32\tomit\n\
         \t2\t\t@io.k8s.api.a.v1.Source\tinline\n\t3\tat\t[]time\t\n\
         \t4\textra\t{}@io.k8s.api.a.v1.Words\t\n\
         message\tio.k8s.api.a.v1.Words\tbare\n\t1\t\t[]string\t\n"
    );
}

#[test]
fn a_field_that_the_facts_do_not_know_is_an_error() {
    let messages = source::package(INTERFACE, STRUCTURES).unwrap();
    let facts = FACTS.replace("\tON\tbool\t\n", "");
    assert!(table(&facts, &[], &messages).is_err());
    let facts = FACTS.replace("int32", "int64");
    assert!(table(&facts, &[], &messages).is_err());
}
