use expect_test::expect;
use serde_json::json;

use super::*;

fn page(
    chapter: &Chapter,
    object: &Value,
    kin: BTreeMap<Kin, Vec<Value>>,
    events: &[Value],
) -> String {
    let now = "2026-01-01T10:05:00Z".parse().unwrap();
    write(Some(chapter), &Subject { object, kin, now }, Some(events))
}

#[test]
fn a_pod_that_waits_shows_why() {
    let pod = json!({
        "metadata": {"name": "redis", "namespace": "default", "labels": {"run": "redis"}},
        "spec": {
            "priority": 0, "serviceAccountName": "default", "nodeName": "n1",
            "containers": [{"name": "redis", "image": "redis:nope", "env": [{"name": "A", "value": "b"}]}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
        "status": {
            "phase": "Pending", "hostIP": "10.0.0.1", "podIP": "10.244.0.5", "podIPs": [{"ip": "10.244.0.5"}], "qosClass": "BestEffort",
            "containerStatuses": [{"name": "redis", "state": {"waiting": {"reason": "ImagePullBackOff"}}, "ready": false, "restartCount": 0}],
            "conditions": [{"type": "Ready", "status": "False"}],
        },
    });
    let event = json!({
        "type": "Warning", "reason": "Failed", "count": 3, "source": {"component": "kubelet"}, "message": "no such image\n",
        "firstTimestamp": "2026-01-01T10:00:00Z", "lastTimestamp": "2026-01-01T10:04:30Z",
    });
    expect![[r#"
        Name:             redis
        Namespace:        default
        Priority:         0
        Service Account:  default
        Node:             n1/10.0.0.1
        Labels:           run=redis
        Annotations:      <none>
        Status:           Pending
        IP:               10.244.0.5
        IPs:
          IP:  10.244.0.5
        Containers:
          redis:
            Container ID:   
            Image:          redis:nope
            Image ID:       
            Port:           <none>
            Host Port:      <none>
            State:          Waiting
              Reason:       ImagePullBackOff
            Ready:          False
            Restart Count:  0
            Environment:
              A:     b
            Mounts:  <none>
        Conditions:
          Type           Status
          Ready          False 
        Volumes:         <none>
        QoS Class:       BestEffort
        Node-Selectors:  <none>
        Tolerations:     node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
        Events:
          Type     Reason  Age               From     Message
          ----     ------  ----              ----     -------
          Warning  Failed  30s (x3 over 5m)  kubelet  no such image
    "#]]
    .assert_eq(&page(&pod::CHAPTER, &pod, BTreeMap::new(), &[event]));
}

#[test]
fn a_service_names_its_ready_endpoints() {
    let service = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "type": "NodePort", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"],
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080, "nodePort": 30008}], "sessionAffinity": "None"},
    });
    let slice = json!({
        "ports": [{"name": "", "port": 8080}],
        "endpoints": [
            {"addresses": ["10.244.0.5"], "conditions": {"ready": true}},
            {"addresses": ["10.244.0.6"], "conditions": {"ready": false}},
        ],
    });
    let kin = BTreeMap::from([(Kin::EndpointSlices, vec![slice])]);
    expect![[r#"
        Name:              web
        Namespace:         default
        Labels:            <none>
        Annotations:       <none>
        Selector:          app=web
        Type:              NodePort
        IP Families:       <none>
        IP:                10.96.0.7
        IPs:               10.96.0.7
        Port:              <unset>  80/TCP
        TargetPort:        8080/TCP
        NodePort:          <unset>  30008/TCP
        Endpoints:         10.244.0.5:8080
        Session Affinity:  None
        Events:            <none>
    "#]]
    .assert_eq(&page(&service::CHAPTER, &service, kin, &[]));
}
