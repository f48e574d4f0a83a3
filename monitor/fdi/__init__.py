"""The door to Huawei Cloud: credentials, requests under the account's quota, strict answers, sorted errors."""
