"""What the shipped roles allow on a real API server (operations.md 6)."""

import json
from pathlib import Path
from typing import Any

import pytest

from devcluster import Cluster, KubectlFailed

DEPLOY = Path(__file__).parents[2] / "deploy"
OPERATOR = "system:serviceaccount:anmc-system:anmc-operator"

EVERYWHERE = {
    ("datasyncintegrations.anmc.io", "get list watch"),
    ("datasyncintegrations/status.anmc.io", "patch"),
    ("syncreports.anmc.io", "create delete get list"),
    ("secrets.", "get"),
    ("secrets.", "list watch"),
    ("events.", "create patch"),
}
LEASE = {
    ("leases.coordination.k8s.io", "create list"),
    ("leases.coordination.k8s.io/anmc-shard-0", "get update"),
}


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Cluster:
    """Install namespace, definitions and rights, as `kubectl apply -k` does for a user."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--kustomize={DEPLOY / 'default'}")
    return cluster


def rights_in(cluster: Cluster, namespace: str, *, account: str) -> set[tuple[str, str]]:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    # Not validated by kubectl: for that it would list the CRDs, which the operator may not.
    arguments = ("create", "--validate=false", "--filename=-", f"--as={account}", "--output=json")
    answer: dict[str, Any] = json.loads(cluster.kubectl(*arguments, stdin=json.dumps(review)))
    return {
        (resource + "." + group + "".join(f"/{name}" for name in rule.get("resourceNames", ())), verbs)
        for rule in answer["status"]["resourceRules"]
        for verbs in [" ".join(sorted(rule["verbs"]))]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def own_rights_in(cluster: Cluster, namespace: str) -> set[tuple[str, str]]:
    """Return what the operator may do beyond what Kubernetes allows every ServiceAccount."""
    everybody = rights_in(cluster, namespace, account="system:serviceaccount:anmc-system:somebody")
    return rights_in(cluster, namespace, account=OPERATOR) - everybody


def test_the_operator_has_its_rights_and_no_others_in_a_watched_namespace(installed: Cluster, namespace: str) -> None:
    assert own_rights_in(installed, namespace) == EVERYWHERE


def test_beside_its_lease_the_operator_has_no_more_rights_at_home(installed: Cluster) -> None:
    assert own_rights_in(installed, "anmc-system") == EVERYWHERE | LEASE


@pytest.mark.parametrize(
    ("role", "resource", "verbs", "joins"),
    [
        ("anmc-view", "datasyncintegrations", "get list watch", "view"),
        ("anmc-edit", "datasyncintegrations", "create update patch delete deletecollection", "edit"),
        ("anmc-report-reader", "syncreports", "get list watch", None),
    ],
)
def test_people_get_roles_and_reports_are_not_for_every_viewer(
    installed: Cluster, role: str, resource: str, verbs: str, joins: str | None
) -> None:
    served: dict[str, Any] = json.loads(installed.kubectl("get", "clusterrole", role, "--output=json"))

    assert served["rules"] == [{"apiGroups": ["anmc.io"], "resources": [resource], "verbs": verbs.split(" ")}]
    assert served["metadata"].get("labels", {}) == (
        {f"rbac.authorization.k8s.io/aggregate-to-{joins}": "true"} if joins else {}
    )


def test_the_operator_cannot_touch_the_wish_of_the_user(installed: Cluster, namespace: str) -> None:
    sample = Path(__file__).parents[2] / "crds/valid/minimal.yaml"
    installed.kubectl("create", f"--namespace={namespace}", f"--filename={sample}")

    with pytest.raises(KubectlFailed, match="forbidden"):
        installed.kubectl(
            "patch",
            "dsi",
            "minimal",
            f"--namespace={namespace}",
            "--type=merge",
            '--patch={"spec": {"active": true}}',
            f"--as={OPERATOR}",
        )
