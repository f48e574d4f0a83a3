BEGIN TRANSACTION;
CREATE TABLE acknowledgement (
	alert TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	expires_at BIGINT, 
	CONSTRAINT pk_acknowledgement PRIMARY KEY (alert)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE alert (
	"key" TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	rule_version TEXT NOT NULL, 
	account TEXT, 
	cloud_id TEXT, 
	labels JSON NOT NULL, 
	severity TEXT NOT NULL, 
	state TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	state_since BIGINT NOT NULL, 
	fired_at BIGINT, 
	resolved_at BIGINT, 
	cause TEXT NOT NULL, 
	numbers JSON NOT NULL, 
	numbers_at BIGINT, 
	annotations JSON NOT NULL, 
	CONSTRAINT pk_alert PRIMARY KEY ("key")
);
INSERT INTO "alert" VALUES('f32b9ee46ac7e4b9','cdc-tasks-abnormal','e1864ddaa676','demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','{"alertname": "cdc-tasks-abnormal", "env": "demo", "account": "demo", "region": "cn-north-4", "project_id": "2b8dbbcea5d0e7b0eb9001d9b4b5d06f", "instance": "orders", "instance_id": "7249f64e-f5a0-4689-8780-b7c00a2debaf"}','critical','firing',1795636365451608,1795636367476173,1795636367476173,NULL,'held','{"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}',1795636367476173,'{"summary": "3 CDC tasks abnormal on orders", "tasks": "payments-cdc-to-kafka, \u5e93\u5b58\u53d8\u66f4\u6355\u83b7, customers-cdc-to-es"}');
INSERT INTO "alert" VALUES('51487261a0e81fae','tasks-abnormal','24c916c205f6','demo','fed5f563-effa-4fd8-b30a-06efa23f8167','{"alertname": "tasks-abnormal", "env": "demo", "account": "demo", "region": "cn-north-4", "project_id": "2b8dbbcea5d0e7b0eb9001d9b4b5d06f", "instance": "invoices", "instance_id": "fed5f563-effa-4fd8-b30a-06efa23f8167"}','warning','pending',1795636368634634,1795636368634634,NULL,NULL,'breached','{"running": 44, "abnormal": 2, "terminated": 2, "completed": 222, "common.running": 33, "common.abnormal": 2, "common.terminated": 0, "common.completed": 219, "cdc.running": 11, "cdc.abnormal": 0, "cdc.terminated": 2, "cdc.completed": 3, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.005271}',1795636368634634,'{"summary": "2 tasks abnormal on invoices, 33 running"}');
CREATE TABLE "alert_group" (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	labels JSON NOT NULL, 
	wait BIGINT NOT NULL, 
	interval BIGINT NOT NULL, 
	repeat BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	changed_at BIGINT, 
	spoke_at BIGINT, 
	look_at BIGINT, 
	said JSON NOT NULL, 
	verdict TEXT NOT NULL, 
	mute JSON DEFAULT '[]' NOT NULL, 
	active JSON DEFAULT '[]' NOT NULL, 
	repeat_limit INTEGER, 
	step JSON, 
	repeats INTEGER DEFAULT '0' NOT NULL, 
	held JSON DEFAULT '{}' NOT NULL, 
	inhibited BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_alert_group PRIMARY KEY (id), 
	CONSTRAINT uq_alert_group_key_receiver UNIQUE ("key", receiver)
);
INSERT INTO "alert_group" VALUES(1,'{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','{"account": "demo", "alertname": "cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636368479604,1795636968479604,'{"f32b9ee46ac7e4b9": {"severity": "critical", "values": {"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "flapping": false}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(2,'{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','{"account": "demo", "alertname": "cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636368479604,1795636968479604,'{"f32b9ee46ac7e4b9": {"severity": "critical", "values": {"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "flapping": false}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(3,'{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','{"account": "demo", "alertname": "cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636368479604,1795636968479604,'{"f32b9ee46ac7e4b9": {"severity": "critical", "values": {"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "flapping": false}}','first','[]','[]',NULL,'null',0,'{}',0);
CREATE TABLE alert_group_member (
	group_id INTEGER NOT NULL, 
	alert TEXT NOT NULL, 
	CONSTRAINT pk_alert_group_member PRIMARY KEY (group_id, alert), 
	CONSTRAINT fk_alert_group_member_group_id_alert_group FOREIGN KEY(group_id) REFERENCES alert_group (id) ON DELETE CASCADE
);
INSERT INTO "alert_group_member" VALUES(1,'f32b9ee46ac7e4b9');
INSERT INTO "alert_group_member" VALUES(2,'f32b9ee46ac7e4b9');
INSERT INTO "alert_group_member" VALUES(3,'f32b9ee46ac7e4b9');
CREATE TABLE decision (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	alert TEXT NOT NULL, 
	group_key TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	because TEXT NOT NULL, 
	message TEXT NOT NULL, 
	CONSTRAINT pk_decision PRIMARY KEY (id)
);
INSERT INTO "decision" VALUES(1,1795636368479604,'f32b9ee46ac7e4b9','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','first','new','','9eb4dd07-4ff2-4c42-8cc8-11bdc4e722a4');
INSERT INTO "decision" VALUES(2,1795636368479604,'f32b9ee46ac7e4b9','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','first','new','','7f987d26-9d3f-49f1-a3fa-d934f6044557');
INSERT INTO "decision" VALUES(3,1795636368479604,'f32b9ee46ac7e4b9','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','first','new','','3d244e43-d4a1-4dab-a601-ea35bb2b406b');
CREATE TABLE instance (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	cloud_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	region TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	labels JSON NOT NULL, 
	first_seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_instance PRIMARY KEY (id), 
	CONSTRAINT uq_instance_account_cloud_id UNIQUE (account, cloud_id)
);
INSERT INTO "instance" VALUES(1,'demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','orders','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env": "demo"}',1795636362422337);
INSERT INTO "instance" VALUES(2,'demo','fed5f563-effa-4fd8-b30a-06efa23f8167','invoices','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env": "demo"}',1795636362422337);
INSERT INTO "instance" VALUES(3,'demo','f4015660-10f3-46e3-9386-ec018d80ca14','订单同步','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env": "demo"}',1795636362422337);
CREATE TABLE outbox (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	group_key TEXT NOT NULL, 
	notification JSON NOT NULL, 
	state TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	tried_at BIGINT, 
	next_at BIGINT NOT NULL, 
	settled_at BIGINT, 
	verdict TEXT, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (seq), 
	CONSTRAINT uq_outbox_id UNIQUE (id)
);
INSERT INTO "outbox" VALUES(1,'9eb4dd07-4ff2-4c42-8cc8-11bdc4e722a4','chat',0,'feishu','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','{"id": "9eb4dd07-4ff2-4c42-8cc8-11bdc4e722a4", "receiver": "chat", "group_key": "{}/{}:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}", "group_labels": {"account": "demo", "alertname": "cdc-tasks-abnormal"}, "reason": "first", "at": "2026-11-25T19:52:48.479604Z", "alerts": [{"key": "f32b9ee46ac7e4b9", "labels": {"alertname": "cdc-tasks-abnormal", "env": "demo", "account": "demo", "region": "cn-north-4", "project_id": "2b8dbbcea5d0e7b0eb9001d9b4b5d06f", "instance": "orders", "instance_id": "7249f64e-f5a0-4689-8780-b7c00a2debaf", "severity": "critical"}, "annotations": {"summary": "3 CDC tasks abnormal on orders", "tasks": "payments-cdc-to-kafka, \u5e93\u5b58\u53d8\u66f4\u6355\u83b7, customers-cdc-to-es"}, "severity": "critical", "firing": true, "change": "new", "started_at": "2026-11-25T19:52:47.476173Z", "resolved_at": null, "cause": "held", "values": {"running": 33.0, "abnormal": 3.0, "terminated": 1.0, "completed": 866.0, "common.running": 27.0, "common.abnormal": 0.0, "common.terminated": 1.0, "common.completed": 862.0, "cdc.running": 6.0, "cdc.abnormal": 3.0, "cdc.terminated": 0.0, "cdc.completed": 4.0, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "values_at": "2026-11-25T19:52:47.476173Z", "values_before": {}}]}','sent',1795636368479604,1,1795636368496685,1795636368479604,1795636368496685,'delivered','code 0');
INSERT INTO "outbox" VALUES(2,'7f987d26-9d3f-49f1-a3fa-d934f6044557','hook',0,'webhook','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','{"id": "7f987d26-9d3f-49f1-a3fa-d934f6044557", "receiver": "hook", "group_key": "{}/{}/1:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}", "group_labels": {"account": "demo", "alertname": "cdc-tasks-abnormal"}, "reason": "first", "at": "2026-11-25T19:52:48.479604Z", "alerts": [{"key": "f32b9ee46ac7e4b9", "labels": {"alertname": "cdc-tasks-abnormal", "env": "demo", "account": "demo", "region": "cn-north-4", "project_id": "2b8dbbcea5d0e7b0eb9001d9b4b5d06f", "instance": "orders", "instance_id": "7249f64e-f5a0-4689-8780-b7c00a2debaf", "severity": "critical"}, "annotations": {"summary": "3 CDC tasks abnormal on orders", "tasks": "payments-cdc-to-kafka, \u5e93\u5b58\u53d8\u66f4\u6355\u83b7, customers-cdc-to-es"}, "severity": "critical", "firing": true, "change": "new", "started_at": "2026-11-25T19:52:47.476173Z", "resolved_at": null, "cause": "held", "values": {"running": 33.0, "abnormal": 3.0, "terminated": 1.0, "completed": 866.0, "common.running": 27.0, "common.abnormal": 0.0, "common.terminated": 1.0, "common.completed": 862.0, "cdc.running": 6.0, "cdc.abnormal": 3.0, "cdc.terminated": 0.0, "cdc.completed": 4.0, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "values_at": "2026-11-25T19:52:47.476173Z", "values_before": {}}]}','sent',1795636368479604,1,1795636368505019,1795636368479604,1795636368505019,'delivered','HTTP 200');
INSERT INTO "outbox" VALUES(3,'3d244e43-d4a1-4dab-a601-ea35bb2b406b','terminal',0,'console','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','{"id": "3d244e43-d4a1-4dab-a601-ea35bb2b406b", "receiver": "terminal", "group_key": "{}/{}/2:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}", "group_labels": {"account": "demo", "alertname": "cdc-tasks-abnormal"}, "reason": "first", "at": "2026-11-25T19:52:48.479604Z", "alerts": [{"key": "f32b9ee46ac7e4b9", "labels": {"alertname": "cdc-tasks-abnormal", "env": "demo", "account": "demo", "region": "cn-north-4", "project_id": "2b8dbbcea5d0e7b0eb9001d9b4b5d06f", "instance": "orders", "instance_id": "7249f64e-f5a0-4689-8780-b7c00a2debaf", "severity": "critical"}, "annotations": {"summary": "3 CDC tasks abnormal on orders", "tasks": "payments-cdc-to-kafka, \u5e93\u5b58\u53d8\u66f4\u6355\u83b7, customers-cdc-to-es"}, "severity": "critical", "firing": true, "change": "new", "started_at": "2026-11-25T19:52:47.476173Z", "resolved_at": null, "cause": "held", "values": {"running": 33.0, "abnormal": 3.0, "terminated": 1.0, "completed": 866.0, "common.running": 27.0, "common.abnormal": 0.0, "common.terminated": 1.0, "common.completed": 862.0, "cdc.running": 6.0, "cdc.abnormal": 3.0, "cdc.terminated": 0.0, "cdc.completed": 4.0, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}, "values_at": "2026-11-25T19:52:47.476173Z", "values_before": {}}]}','sent',1795636368479604,1,1795636368513086,1795636368479604,1795636368513086,'delivered','');
CREATE TABLE run (
	instance_id INTEGER NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT NOT NULL, 
	polls INTEGER NOT NULL, 
	common_running BIGINT, 
	common_abnormal BIGINT, 
	common_terminated BIGINT, 
	common_completed BIGINT, 
	cdc_running BIGINT, 
	cdc_abnormal BIGINT, 
	cdc_terminated BIGINT, 
	cdc_completed BIGINT, 
	failure TEXT, 
	reason TEXT, 
	request_id TEXT, 
	suspicious BOOLEAN NOT NULL, 
	CONSTRAINT pk_run PRIMARY KEY (instance_id, started_at), 
	CONSTRAINT fk_run_instance_id_instance FOREIGN KEY(instance_id) REFERENCES instance (id) ON DELETE CASCADE
);
INSERT INTO "run" VALUES(2,1795636363475057,1795636366615509,3,35,0,0,219,11,0,2,3,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(3,1795636363481266,1795636363481266,1,22,0,4,788,6,0,1,0,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(1,1795636363579569,1795636363579569,1,27,0,1,862,9,0,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(1,1795636365451608,1795636365451608,1,27,0,1,862,6,3,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(2,1795636368634634,1795636368634634,1,33,2,0,219,11,0,2,3,NULL,NULL,NULL,0);
CREATE TABLE silence (
	id TEXT NOT NULL, 
	matchers TEXT NOT NULL, 
	unless TEXT, 
	until_resolved BOOLEAN NOT NULL, 
	window TEXT NOT NULL, 
	starts_at BIGINT NOT NULL, 
	ends_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	created_by TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	ended TEXT NOT NULL, 
	CONSTRAINT pk_silence PRIMARY KEY (id)
);
CREATE TABLE transition (
	id INTEGER NOT NULL, 
	alert TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	rule_version TEXT NOT NULL, 
	numbers JSON NOT NULL, 
	routed BOOLEAN NOT NULL, 
	CONSTRAINT pk_transition PRIMARY KEY (id)
);
INSERT INTO "transition" VALUES(1,'f32b9ee46ac7e4b9',1795636365451608,'none','pending','breached','critical','cdc-tasks-abnormal','e1864ddaa676','{"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.001025}',1);
INSERT INTO "transition" VALUES(2,'f32b9ee46ac7e4b9',1795636367476173,'pending','firing','held','critical','cdc-tasks-abnormal','e1864ddaa676','{"running": 33, "abnormal": 3, "terminated": 1, "completed": 866, "common.running": 27, "common.abnormal": 0, "common.terminated": 1, "common.completed": 862, "cdc.running": 6, "cdc.abnormal": 3, "cdc.terminated": 0, "cdc.completed": 4, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.00092}',1);
INSERT INTO "transition" VALUES(3,'51487261a0e81fae',1795636368634634,'none','pending','breached','warning','tasks-abnormal','24c916c205f6','{"running": 44, "abnormal": 2, "terminated": 2, "completed": 222, "common.running": 33, "common.abnormal": 2, "common.terminated": 0, "common.completed": 219, "cdc.running": 11, "cdc.abnormal": 0, "cdc.terminated": 2, "cdc.completed": 3, "up": 1.0, "failures": 0.0, "suspicious": 0.0, "age": 0.0, "latency": 0.005271}',1);
CREATE INDEX ix_alert_state ON alert (state);
CREATE INDEX ix_outbox_settled_at ON outbox (settled_at);
CREATE INDEX ix_outbox_state_next_at ON outbox (state, next_at);
CREATE INDEX ix_transition_alert_at ON transition (alert, at);
CREATE INDEX ix_transition_at ON transition (at);
CREATE INDEX ix_transition_routed_id ON transition (routed, id);
CREATE INDEX ix_alert_group_member_alert ON alert_group_member (alert);
CREATE INDEX ix_run_ended_at ON run (ended_at);
CREATE INDEX ix_alert_group_look_at ON alert_group (look_at);
CREATE INDEX ix_silence_ends_at ON silence (ends_at);
CREATE INDEX ix_decision_alert_at ON decision (alert, at);
CREATE INDEX ix_decision_at ON decision (at);
COMMIT;
