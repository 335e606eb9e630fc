"""What the stub answers with: bodies as full as the service writes them."""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import PAGE, RUN, START, in_camel_case

ACCOUNT = "arn:aws:omics:us-west-2:123456789012"
UUID = "0ec1a3f2-6b1c-4f0e-9d57-2f4b8c6a7e10"
CONFIGURATION = {
    "name": "in-our-network",
    "arn": f"{ACCOUNT}:configuration/in-our-network",
    "uuid": "7ac1a3f2-6b1c-4f0e-9d57-2f4b8c6a7e99",
}

GET_RUN: dict[str, Any] = {
    **in_camel_case(START),
    "arn": f"{ACCOUNT}:run/{RUN}",
    "id": RUN,
    "cacheId": "1618033",
    "cacheBehavior": "CACHE_ON_FAILURE",
    "engineVersion": "24.10.8",
    "status": "COMPLETED",
    "runId": "9814002",
    "batchId": "5772156",
    "definition": "main.nf",
    "digest": "sha256:9b2d7f7f0a64e2f3d1b7a8cbb0f6a24d55a6a4b3a1e7c29f9d0e4f5d1c2b3a49",
    "storageCapacity": 1200,
    "resourceDigests": {
        reads: f"etag:9e107d9d372bb6826bd81d3542a419d{number}"
        for number, reads in enumerate(START["parameters"]["reads"])
    },
    "startedBy": "arn:aws:sts::123456789012:assumed-role/Pipeline/nightly",
    "creationTime": "2026-03-02T08:15:04.120331Z",
    "startTime": "2026-03-02T08:21:37.004512Z",
    "stopTime": "2026-03-02T11:52:09.873020Z",
    "statusMessage": "Run completed; all 148 tasks have ended",
    "accelerators": "GPU",
    "logLocation": {
        "engineLogStream": f"arn:aws:logs:us-west-2:123456789012:log-group:omics:run/{RUN}/engine",
        "runLogStream": f"arn:aws:logs:us-west-2:123456789012:log-group:omics:run/{RUN}",
    },
    "uuid": UUID,
    "runOutputUri": f"s3://genomes-results/germline/{RUN}",
    "workflowOwnerId": "123456789012",
    "workflowVersionName": "2.3.0",
    "workflowUuid": "3bc1a3f2-6b1c-4f0e-9d57-2f4b8c6a7e41",
    "networkingMode": "VPC",
    "scratchStorageMode": "SHARED",
    "configuration": CONFIGURATION,
    "vpcConfig": {
        "securityGroupIds": ["sg-0f1e2d3c4b5a69788"],
        "subnetIds": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
        "vpcId": "vpc-0a1b2c3d4e5f60718",
    },
    "engineSettings": {"profile": "aws", "resume": True},
    "sessionPolicy": '{"Version":"2012-10-17","Statement":[]}',
    "outputUriPrefixMode": "RUN_ID",
}
"""All that GetRun tells, but for the reason of a failure."""


def _item(number: int) -> dict[str, Any]:
    run = str(int(RUN) + number)
    return {
        "arn": f"{ACCOUNT}:run/{run}",
        "id": run,
        "status": "RUNNING",
        "workflowId": START["workflow_id"],
        "batchId": "5772156",
        "name": f"NA{12878 + number} germline",
        "priority": 100,
        "storageCapacity": 1200,
        "creationTime": f"2026-03-02T08:15:{number % 60:02}.120331Z",
        "startTime": f"2026-03-02T08:21:{number % 60:02}.004512Z",
        "stopTime": f"2026-03-02T11:52:{number % 60:02}.873020Z",
        "storageType": "DYNAMIC",
        "workflowVersionName": "2.3.0",
        "workflowName": "germline",
    }


LIST_RUNS = {"items": [_item(number) for number in range(PAGE)], "nextToken": "b" * 64}

START_RUN = {
    "arn": f"{ACCOUNT}:run/{RUN}",
    "id": RUN,
    "status": "PENDING",
    "tags": START["tags"],
    "uuid": UUID,
    "runOutputUri": f"s3://genomes-results/germline/{RUN}",
    "configuration": CONFIGURATION,
    "networkingMode": "VPC",
}
