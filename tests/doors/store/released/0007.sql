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
INSERT INTO "alembic_version" VALUES('0007');
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
INSERT INTO "alert" VALUES('f32b9ee46ac7e4b9','cdc-tasks-abnormal','e1864ddaa676','demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf"}','critical','firing',1795636633455332,1795636635483269,1795636635483269,NULL,'held','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775}',1795636635483269,'{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"}');
INSERT INTO "alert" VALUES('51487261a0e81fae','tasks-abnormal','24c916c205f6','demo','fed5f563-effa-4fd8-b30a-06efa23f8167','{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167"}','critical','firing',1795636636646275,1795636640621792,1795636640621792,NULL,'held','{"running":40,"abnormal":6,"terminated":2,"completed":222,"common.running":29,"common.abnormal":6,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087}',1795636640621792,'{"summary":"6 tasks abnormal on invoices, 29 running","tasks":"门店销售上报, returns-mrs-hive-load, 供应商对账单, prices-sap-to-oracle, 会员积分同步, shipments-ftp-import"}');
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
INSERT INTO "alert_group" VALUES(1,'{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636636495509,1795637236495509,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(2,'{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636636495509,1795637236495509,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(3,'{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636636495509,1795637236495509,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(4,'{}/{}:{account="demo", alertname="tasks-abnormal"}','chat','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636641650270,1795637241650270,'{"51487261a0e81fae":{"severity":"critical","values":{"running":40,"abnormal":6,"terminated":2,"completed":222,"common.running":29,"common.abnormal":6,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(5,'{}/{}/1:{account="demo", alertname="tasks-abnormal"}','hook','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636641650270,1795637241650270,'{"51487261a0e81fae":{"severity":"critical","values":{"running":40,"abnormal":6,"terminated":2,"completed":222,"common.running":29,"common.abnormal":6,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(6,'{}/{}/2:{account="demo", alertname="tasks-abnormal"}','terminal','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636641650270,1795637241650270,'{"51487261a0e81fae":{"severity":"critical","values":{"running":40,"abnormal":6,"terminated":2,"completed":222,"common.running":29,"common.abnormal":6,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
CREATE TABLE alert_group_member (
	group_id INTEGER NOT NULL, 
	alert TEXT NOT NULL, 
	CONSTRAINT pk_alert_group_member PRIMARY KEY (group_id, alert), 
	CONSTRAINT fk_alert_group_member_group_id_alert_group FOREIGN KEY(group_id) REFERENCES alert_group (id) ON DELETE CASCADE
);
INSERT INTO "alert_group_member" VALUES(1,'f32b9ee46ac7e4b9');
INSERT INTO "alert_group_member" VALUES(2,'f32b9ee46ac7e4b9');
INSERT INTO "alert_group_member" VALUES(3,'f32b9ee46ac7e4b9');
INSERT INTO "alert_group_member" VALUES(4,'51487261a0e81fae');
INSERT INTO "alert_group_member" VALUES(5,'51487261a0e81fae');
INSERT INTO "alert_group_member" VALUES(6,'51487261a0e81fae');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	way TEXT NOT NULL, 
	name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	act TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE TABLE budget (
	receiver TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	spent JSON NOT NULL, 
	CONSTRAINT pk_budget PRIMARY KEY (receiver, position)
);
INSERT INTO "budget" VALUES('chat',0,'["2026-11-25T19:57:16.725223+00:00"]');
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
INSERT INTO "decision" VALUES(1,1795636636495509,'f32b9ee46ac7e4b9','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','first','new','','e76b80ea-d801-4cbd-8287-b506d324e84f');
INSERT INTO "decision" VALUES(2,1795636636495509,'f32b9ee46ac7e4b9','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','first','new','','cacb0ec4-ecbd-407e-9556-6b6a85f44bd6');
INSERT INTO "decision" VALUES(3,1795636636495509,'f32b9ee46ac7e4b9','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','first','new','','00e4270c-be77-4c98-8282-118ea7bba573');
INSERT INTO "decision" VALUES(4,1795636641650270,'51487261a0e81fae','{}/{}:{account="demo", alertname="tasks-abnormal"}','chat','first','new','','4f69ee73-cf74-40c9-b732-19b1913c117a');
INSERT INTO "decision" VALUES(5,1795636641650270,'51487261a0e81fae','{}/{}/1:{account="demo", alertname="tasks-abnormal"}','hook','first','new','','da5846e7-4d28-45f8-b53e-7c09fcef5e28');
INSERT INTO "decision" VALUES(6,1795636641650270,'51487261a0e81fae','{}/{}/2:{account="demo", alertname="tasks-abnormal"}','terminal','first','new','','d2075c83-3ff6-443d-a4f8-930bf7165309');
CREATE TABLE drill (
	id TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	late_at BIGINT NOT NULL, 
	schedule TEXT NOT NULL, 
	state TEXT NOT NULL, 
	steps JSON NOT NULL, 
	messages JSON NOT NULL, 
	CONSTRAINT pk_drill PRIMARY KEY (id)
);
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
INSERT INTO "instance" VALUES(1,'demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','orders','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636629325244);
INSERT INTO "instance" VALUES(2,'demo','fed5f563-effa-4fd8-b30a-06efa23f8167','invoices','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636629325244);
INSERT INTO "instance" VALUES(3,'demo','f4015660-10f3-46e3-9386-ec018d80ca14','订单同步','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636629325244);
CREATE TABLE link_key (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	CONSTRAINT pk_link_key PRIMARY KEY (id)
);
INSERT INTO "link_key" VALUES(1,'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE living_message (
	receiver TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	group_key TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	letter TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	again_at BIGINT, 
	CONSTRAINT pk_living_message PRIMARY KEY (receiver, position, group_key)
);
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
	reason TEXT NOT NULL, retried_at BIGINT, fallback TEXT DEFAULT '' NOT NULL, urgency INTEGER DEFAULT '0' NOT NULL, merged_into TEXT, 
	CONSTRAINT pk_outbox PRIMARY KEY (seq), 
	CONSTRAINT uq_outbox_id UNIQUE (id)
);
INSERT INTO "outbox" VALUES(1,'e76b80ea-d801-4cbd-8287-b506d324e84f','chat',0,'feishu','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"e76b80ea-d801-4cbd-8287-b506d324e84f","receiver":"chat","group_key":"{}/{}:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:16.495509Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:15.483269Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"values_at":"2026-11-25T19:57:15.483269Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636636495509,1,1795636636725223,1795636636495509,1795636636725223,'delivered','code 0',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(2,'cacb0ec4-ecbd-407e-9556-6b6a85f44bd6','hook',0,'webhook','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"cacb0ec4-ecbd-407e-9556-6b6a85f44bd6","receiver":"hook","group_key":"{}/{}/1:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:16.495509Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:15.483269Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"values_at":"2026-11-25T19:57:15.483269Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636636495509,1,1795636636667289,1795636636495509,1795636636667289,'delivered','HTTP 200',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(3,'00e4270c-be77-4c98-8282-118ea7bba573','terminal',0,'console','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"00e4270c-be77-4c98-8282-118ea7bba573","receiver":"terminal","group_key":"{}/{}/2:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:16.495509Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:15.483269Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775},"values_at":"2026-11-25T19:57:15.483269Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636636495509,1,1795636636652291,1795636636495509,1795636636652291,'delivered','',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(4,'4f69ee73-cf74-40c9-b732-19b1913c117a','chat',0,'feishu','{}/{}:{account="demo", alertname="tasks-abnormal"}','{"id":"4f69ee73-cf74-40c9-b732-19b1913c117a","receiver":"chat","group_key":"{}/{}:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:21.650270Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"critical"},"annotations":{"summary":"6 tasks abnormal on invoices, 29 running","tasks":"门店销售上报, returns-mrs-hive-load, 供应商对账单, prices-sap-to-oracle, 会员积分同步, shipments-ftp-import"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:20.621792Z","resolved_at":null,"cause":"held","values":{"running":40.0,"abnormal":6.0,"terminated":2.0,"completed":222.0,"common.running":29.0,"common.abnormal":6.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"values_at":"2026-11-25T19:57:20.621792Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','waiting',1795636641650270,0,NULL,1795636641650270,NULL,'','',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(5,'da5846e7-4d28-45f8-b53e-7c09fcef5e28','hook',0,'webhook','{}/{}/1:{account="demo", alertname="tasks-abnormal"}','{"id":"da5846e7-4d28-45f8-b53e-7c09fcef5e28","receiver":"hook","group_key":"{}/{}/1:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:21.650270Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"critical"},"annotations":{"summary":"6 tasks abnormal on invoices, 29 running","tasks":"门店销售上报, returns-mrs-hive-load, 供应商对账单, prices-sap-to-oracle, 会员积分同步, shipments-ftp-import"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:20.621792Z","resolved_at":null,"cause":"held","values":{"running":40.0,"abnormal":6.0,"terminated":2.0,"completed":222.0,"common.running":29.0,"common.abnormal":6.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"values_at":"2026-11-25T19:57:20.621792Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','waiting',1795636641650270,0,NULL,1795636641650270,NULL,'','',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(6,'d2075c83-3ff6-443d-a4f8-930bf7165309','terminal',0,'console','{}/{}/2:{account="demo", alertname="tasks-abnormal"}','{"id":"d2075c83-3ff6-443d-a4f8-930bf7165309","receiver":"terminal","group_key":"{}/{}/2:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:57:21.650270Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"critical"},"annotations":{"summary":"6 tasks abnormal on invoices, 29 running","tasks":"门店销售上报, returns-mrs-hive-load, 供应商对账单, prices-sap-to-oracle, 会员积分同步, shipments-ftp-import"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:57:20.621792Z","resolved_at":null,"cause":"held","values":{"running":40.0,"abnormal":6.0,"terminated":2.0,"completed":222.0,"common.running":29.0,"common.abnormal":6.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087},"values_at":"2026-11-25T19:57:20.621792Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','waiting',1795636641650270,0,NULL,1795636641650270,NULL,'','',NULL,'',2,NULL);
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
INSERT INTO "run" VALUES(1,1795636630289850,1795636631447647,2,27,0,1,862,9,0,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(2,1795636630543481,1795636634615611,3,35,0,0,219,11,0,2,3,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(3,1795636630646038,1795636636747756,4,22,0,4,788,6,0,1,0,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(1,1795636633455332,1795636637451765,3,27,0,1,862,6,3,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(2,1795636636646275,1795636638609804,2,33,2,0,219,11,0,2,3,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(3,1795636638711706,1795636638711706,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'unreachable','the cloud failed for now (503 APIGW.0613: IAM unavailable)','00000001000000000000000000000012',0);
INSERT INTO "run" VALUES(2,1795636640621792,1795636640621792,1,29,6,0,219,11,0,2,3,NULL,NULL,NULL,0);
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
INSERT INTO "transition" VALUES(1,'f32b9ee46ac7e4b9',1795636633455332,'none','pending','breached','critical','cdc-tasks-abnormal','e1864ddaa676','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000899}',1);
INSERT INTO "transition" VALUES(2,'f32b9ee46ac7e4b9',1795636635483269,'pending','firing','held','critical','cdc-tasks-abnormal','e1864ddaa676','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000775}',1);
INSERT INTO "transition" VALUES(3,'51487261a0e81fae',1795636636646275,'none','pending','breached','warning','tasks-abnormal','24c916c205f6','{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.002762}',1);
INSERT INTO "transition" VALUES(4,'51487261a0e81fae',1795636640621792,'pending','firing','held','critical','tasks-abnormal','24c916c205f6','{"running":40,"abnormal":6,"terminated":2,"completed":222,"common.running":29,"common.abnormal":6,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00087}',1);
CREATE TABLE used_link (
	link TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	CONSTRAINT pk_used_link PRIMARY KEY (link)
);
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
CREATE INDEX ix_living_message_again_at ON living_message (again_at);
CREATE INDEX ix_outbox_state_receiver_position_group_key ON outbox (state, receiver, position, group_key);
CREATE INDEX ix_outbox_merged_into ON outbox (merged_into);
CREATE INDEX ix_used_link_at ON used_link (at);
CREATE INDEX ix_drill_at ON drill (at);
CREATE INDEX ix_audit_subject_id ON audit (subject, id);
CREATE INDEX ix_audit_at ON audit (at);
COMMIT;
