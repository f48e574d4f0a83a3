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
INSERT INTO "alembic_version" VALUES('0006');
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
INSERT INTO "alert" VALUES('f32b9ee46ac7e4b9','cdc-tasks-abnormal','e1864ddaa676','demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf"}','critical','firing',1795636589449193,1795636591467243,1795636591467243,NULL,'held','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827}',1795636591467243,'{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"}');
INSERT INTO "alert" VALUES('51487261a0e81fae','tasks-abnormal','24c916c205f6','demo','fed5f563-effa-4fd8-b30a-06efa23f8167','{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167"}','warning','firing',1795636590612044,1795636592622917,1795636592622917,NULL,'held','{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162}',1795636592622917,'{"summary":"2 tasks abnormal on invoices, 33 running","tasks":"门店销售上报, returns-mrs-hive-load"}');
INSERT INTO "alert" VALUES('329e3ad6f8355b90','instance-unreachable','9bba7e64d69f','demo','f4015660-10f3-46e3-9386-ec018d80ca14','{"alertname":"instance-unreachable","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"订单同步","instance_id":"f4015660-10f3-46e3-9386-ec018d80ca14"}','critical','firing',1795636594743090,1795636594743090,1795636594743090,NULL,'held','{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446}',1795636594743090,'{"summary":"订单同步 cannot be polled"}');
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
INSERT INTO "alert_group" VALUES(1,'{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636592499331,1795637192499331,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(2,'{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636592499331,1795637192499331,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(3,'{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','{"account":"demo","alertname":"cdc-tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636592499331,1795637192499331,'{"f32b9ee46ac7e4b9":{"severity":"critical","values":{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(4,'{}/{}:{account="demo", alertname="tasks-abnormal"}','chat','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636593720682,1795637193720682,'{"51487261a0e81fae":{"severity":"warning","values":{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(5,'{}/{}/1:{account="demo", alertname="tasks-abnormal"}','hook','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636593720682,1795637193720682,'{"51487261a0e81fae":{"severity":"warning","values":{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(6,'{}/{}/2:{account="demo", alertname="tasks-abnormal"}','terminal','{"account":"demo","alertname":"tasks-abnormal"}',1000000,3000000,600000000,1,NULL,1795636593720682,1795637193720682,'{"51487261a0e81fae":{"severity":"warning","values":{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(7,'{}/{}:{account="demo", alertname="instance-unreachable"}','chat','{"account":"demo","alertname":"instance-unreachable"}',1000000,3000000,600000000,1,NULL,1795636595790101,1795637195790101,'{"329e3ad6f8355b90":{"severity":"critical","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(8,'{}/{}/1:{account="demo", alertname="instance-unreachable"}','hook','{"account":"demo","alertname":"instance-unreachable"}',1000000,3000000,600000000,1,NULL,1795636595790101,1795637195790101,'{"329e3ad6f8355b90":{"severity":"critical","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
INSERT INTO "alert_group" VALUES(9,'{}/{}/2:{account="demo", alertname="instance-unreachable"}','terminal','{"account":"demo","alertname":"instance-unreachable"}',1000000,3000000,600000000,1,NULL,1795636595790101,1795637195790101,'{"329e3ad6f8355b90":{"severity":"critical","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"flapping":false,"owner":""}}','first','[]','[]',NULL,'null',0,'{}',0);
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
INSERT INTO "alert_group_member" VALUES(7,'329e3ad6f8355b90');
INSERT INTO "alert_group_member" VALUES(8,'329e3ad6f8355b90');
INSERT INTO "alert_group_member" VALUES(9,'329e3ad6f8355b90');
CREATE TABLE budget (
	receiver TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	spent JSON NOT NULL, 
	CONSTRAINT pk_budget PRIMARY KEY (receiver, position)
);
INSERT INTO "budget" VALUES('chat',0,'["2026-11-25T19:56:32.693001+00:00","2026-11-25T19:56:33.759425+00:00","2026-11-25T19:56:35.828793+00:00"]');
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
INSERT INTO "decision" VALUES(1,1795636592499331,'f32b9ee46ac7e4b9','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','chat','first','new','','1f410d49-84dd-4403-80eb-38210ca8b550');
INSERT INTO "decision" VALUES(2,1795636592499331,'f32b9ee46ac7e4b9','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','hook','first','new','','a4de3ccb-0ded-4d44-bd01-3633e3d16ad6');
INSERT INTO "decision" VALUES(3,1795636592499331,'f32b9ee46ac7e4b9','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','terminal','first','new','','4ee3976d-6649-49a4-98e1-8aa8ec81d499');
INSERT INTO "decision" VALUES(4,1795636593720682,'51487261a0e81fae','{}/{}:{account="demo", alertname="tasks-abnormal"}','chat','first','new','','084fcb8b-3dac-4295-83a8-09b2b19a082c');
INSERT INTO "decision" VALUES(5,1795636593720682,'51487261a0e81fae','{}/{}/1:{account="demo", alertname="tasks-abnormal"}','hook','first','new','','e3b0db7d-79ef-41cc-997c-79992aecbbe1');
INSERT INTO "decision" VALUES(6,1795636593720682,'51487261a0e81fae','{}/{}/2:{account="demo", alertname="tasks-abnormal"}','terminal','first','new','','5f66e060-4ad9-4a0d-95cb-7b067b1c202c');
INSERT INTO "decision" VALUES(7,1795636595790101,'329e3ad6f8355b90','{}/{}:{account="demo", alertname="instance-unreachable"}','chat','first','new','','b1b43f7a-f9e1-4d87-bfc7-1d25b5197cb9');
INSERT INTO "decision" VALUES(8,1795636595790101,'329e3ad6f8355b90','{}/{}/1:{account="demo", alertname="instance-unreachable"}','hook','first','new','','74de40bc-2f0c-45f6-be70-5f06c83269e1');
INSERT INTO "decision" VALUES(9,1795636595790101,'329e3ad6f8355b90','{}/{}/2:{account="demo", alertname="instance-unreachable"}','terminal','first','new','','9ec3d0a4-0852-47df-8abd-789d302deb5d');
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
INSERT INTO "instance" VALUES(1,'demo','7249f64e-f5a0-4689-8780-b7c00a2debaf','orders','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636583998832);
INSERT INTO "instance" VALUES(2,'demo','fed5f563-effa-4fd8-b30a-06efa23f8167','invoices','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636583998832);
INSERT INTO "instance" VALUES(3,'demo','f4015660-10f3-46e3-9386-ec018d80ca14','订单同步','cn-north-4','2b8dbbcea5d0e7b0eb9001d9b4b5d06f','{"env":"demo"}',1795636583998832);
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
INSERT INTO "outbox" VALUES(1,'1f410d49-84dd-4403-80eb-38210ca8b550','chat',0,'feishu','{}/{}:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"1f410d49-84dd-4403-80eb-38210ca8b550","receiver":"chat","group_key":"{}/{}:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:32.499331Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:31.467243Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"values_at":"2026-11-25T19:56:31.467243Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636592499331,1,1795636592693001,1795636592499331,1795636592693001,'delivered','code 0',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(2,'a4de3ccb-0ded-4d44-bd01-3633e3d16ad6','hook',0,'webhook','{}/{}/1:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"a4de3ccb-0ded-4d44-bd01-3633e3d16ad6","receiver":"hook","group_key":"{}/{}/1:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:32.499331Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:31.467243Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"values_at":"2026-11-25T19:56:31.467243Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636592499331,1,1795636592653557,1795636592499331,1795636592653557,'delivered','HTTP 200',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(3,'4ee3976d-6649-49a4-98e1-8aa8ec81d499','terminal',0,'console','{}/{}/2:{account="demo", alertname="cdc-tasks-abnormal"}','{"id":"4ee3976d-6649-49a4-98e1-8aa8ec81d499","receiver":"terminal","group_key":"{}/{}/2:{account=\"demo\", alertname=\"cdc-tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"cdc-tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:32.499331Z","alerts":[{"key":"f32b9ee46ac7e4b9","labels":{"alertname":"cdc-tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"orders","instance_id":"7249f64e-f5a0-4689-8780-b7c00a2debaf","severity":"critical"},"annotations":{"summary":"3 CDC tasks abnormal on orders","tasks":"payments-cdc-to-kafka, 库存变更捕获, customers-cdc-to-es"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:31.467243Z","resolved_at":null,"cause":"held","values":{"running":33.0,"abnormal":3.0,"terminated":1.0,"completed":866.0,"common.running":27.0,"common.abnormal":0.0,"common.terminated":1.0,"common.completed":862.0,"cdc.running":6.0,"cdc.abnormal":3.0,"cdc.terminated":0.0,"cdc.completed":4.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827},"values_at":"2026-11-25T19:56:31.467243Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636592499331,1,1795636592651400,1795636592499331,1795636592651400,'delivered','',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(4,'084fcb8b-3dac-4295-83a8-09b2b19a082c','chat',0,'feishu','{}/{}:{account="demo", alertname="tasks-abnormal"}','{"id":"084fcb8b-3dac-4295-83a8-09b2b19a082c","receiver":"chat","group_key":"{}/{}:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:33.720682Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"warning"},"annotations":{"summary":"2 tasks abnormal on invoices, 33 running","tasks":"门店销售上报, returns-mrs-hive-load"},"severity":"warning","firing":true,"change":"new","started_at":"2026-11-25T19:56:32.622917Z","resolved_at":null,"cause":"held","values":{"running":44.0,"abnormal":2.0,"terminated":2.0,"completed":222.0,"common.running":33.0,"common.abnormal":2.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"values_at":"2026-11-25T19:56:32.622917Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636593720682,1,1795636593759425,1795636593720682,1795636593759425,'delivered','code 0',NULL,'',1,NULL);
INSERT INTO "outbox" VALUES(5,'e3b0db7d-79ef-41cc-997c-79992aecbbe1','hook',0,'webhook','{}/{}/1:{account="demo", alertname="tasks-abnormal"}','{"id":"e3b0db7d-79ef-41cc-997c-79992aecbbe1","receiver":"hook","group_key":"{}/{}/1:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:33.720682Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"warning"},"annotations":{"summary":"2 tasks abnormal on invoices, 33 running","tasks":"门店销售上报, returns-mrs-hive-load"},"severity":"warning","firing":true,"change":"new","started_at":"2026-11-25T19:56:32.622917Z","resolved_at":null,"cause":"held","values":{"running":44.0,"abnormal":2.0,"terminated":2.0,"completed":222.0,"common.running":33.0,"common.abnormal":2.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"values_at":"2026-11-25T19:56:32.622917Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636593720682,1,1795636593743208,1795636593720682,1795636593743208,'delivered','HTTP 200',NULL,'',1,NULL);
INSERT INTO "outbox" VALUES(6,'5f66e060-4ad9-4a0d-95cb-7b067b1c202c','terminal',0,'console','{}/{}/2:{account="demo", alertname="tasks-abnormal"}','{"id":"5f66e060-4ad9-4a0d-95cb-7b067b1c202c","receiver":"terminal","group_key":"{}/{}/2:{account=\"demo\", alertname=\"tasks-abnormal\"}","group_labels":{"account":"demo","alertname":"tasks-abnormal"},"reason":"first","at":"2026-11-25T19:56:33.720682Z","alerts":[{"key":"51487261a0e81fae","labels":{"alertname":"tasks-abnormal","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"invoices","instance_id":"fed5f563-effa-4fd8-b30a-06efa23f8167","severity":"warning"},"annotations":{"summary":"2 tasks abnormal on invoices, 33 running","tasks":"门店销售上报, returns-mrs-hive-load"},"severity":"warning","firing":true,"change":"new","started_at":"2026-11-25T19:56:32.622917Z","resolved_at":null,"cause":"held","values":{"running":44.0,"abnormal":2.0,"terminated":2.0,"completed":222.0,"common.running":33.0,"common.abnormal":2.0,"common.terminated":0.0,"common.completed":219.0,"cdc.running":11.0,"cdc.abnormal":0.0,"cdc.terminated":2.0,"cdc.completed":3.0,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162},"values_at":"2026-11-25T19:56:32.622917Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636593720682,1,1795636593740800,1795636593720682,1795636593740800,'delivered','',NULL,'',1,NULL);
INSERT INTO "outbox" VALUES(7,'b1b43f7a-f9e1-4d87-bfc7-1d25b5197cb9','chat',0,'feishu','{}/{}:{account="demo", alertname="instance-unreachable"}','{"id":"b1b43f7a-f9e1-4d87-bfc7-1d25b5197cb9","receiver":"chat","group_key":"{}/{}:{account=\"demo\", alertname=\"instance-unreachable\"}","group_labels":{"account":"demo","alertname":"instance-unreachable"},"reason":"first","at":"2026-11-25T19:56:35.790101Z","alerts":[{"key":"329e3ad6f8355b90","labels":{"alertname":"instance-unreachable","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"订单同步","instance_id":"f4015660-10f3-46e3-9386-ec018d80ca14","severity":"critical"},"annotations":{"summary":"订单同步 cannot be polled"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:34.743090Z","resolved_at":null,"cause":"held","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"values_at":"2026-11-25T19:56:34.743090Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636595790101,1,1795636595828793,1795636595790101,1795636595828793,'delivered','code 0',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(8,'74de40bc-2f0c-45f6-be70-5f06c83269e1','hook',0,'webhook','{}/{}/1:{account="demo", alertname="instance-unreachable"}','{"id":"74de40bc-2f0c-45f6-be70-5f06c83269e1","receiver":"hook","group_key":"{}/{}/1:{account=\"demo\", alertname=\"instance-unreachable\"}","group_labels":{"account":"demo","alertname":"instance-unreachable"},"reason":"first","at":"2026-11-25T19:56:35.790101Z","alerts":[{"key":"329e3ad6f8355b90","labels":{"alertname":"instance-unreachable","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"订单同步","instance_id":"f4015660-10f3-46e3-9386-ec018d80ca14","severity":"critical"},"annotations":{"summary":"订单同步 cannot be polled"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:34.743090Z","resolved_at":null,"cause":"held","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"values_at":"2026-11-25T19:56:34.743090Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636595790101,1,1795636595811488,1795636595790101,1795636595811488,'delivered','HTTP 200',NULL,'',2,NULL);
INSERT INTO "outbox" VALUES(9,'9ec3d0a4-0852-47df-8abd-789d302deb5d','terminal',0,'console','{}/{}/2:{account="demo", alertname="instance-unreachable"}','{"id":"9ec3d0a4-0852-47df-8abd-789d302deb5d","receiver":"terminal","group_key":"{}/{}/2:{account=\"demo\", alertname=\"instance-unreachable\"}","group_labels":{"account":"demo","alertname":"instance-unreachable"},"reason":"first","at":"2026-11-25T19:56:35.790101Z","alerts":[{"key":"329e3ad6f8355b90","labels":{"alertname":"instance-unreachable","env":"demo","account":"demo","region":"cn-north-4","project_id":"2b8dbbcea5d0e7b0eb9001d9b4b5d06f","instance":"订单同步","instance_id":"f4015660-10f3-46e3-9386-ec018d80ca14","severity":"critical"},"annotations":{"summary":"订单同步 cannot be polled"},"severity":"critical","firing":true,"change":"new","started_at":"2026-11-25T19:56:34.743090Z","resolved_at":null,"cause":"held","values":{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446},"values_at":"2026-11-25T19:56:34.743090Z","values_before":{},"acknowledged_by":""}],"instead_of":""}','sent',1795636595790101,1,1795636595807881,1795636595790101,1795636595807881,'delivered','',NULL,'',2,NULL);
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
INSERT INTO "run" VALUES(2,1795636584943807,1795636588631633,3,35,0,0,219,11,0,2,3,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(3,1795636584999545,1795636590712382,4,22,0,4,788,6,0,1,0,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(1,1795636585397773,1795636587463587,2,27,0,1,862,9,0,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(1,1795636589449193,1795636593479457,3,27,0,1,862,6,3,0,4,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(2,1795636590612044,1795636592622917,2,33,2,0,219,11,0,2,3,NULL,NULL,NULL,0);
INSERT INTO "run" VALUES(3,1795636592725184,1795636592725184,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'unreachable','the cloud failed for now (503 APIGW.0613: IAM unavailable)','00000001000000000000000000000012',0);
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
INSERT INTO "transition" VALUES(1,'f32b9ee46ac7e4b9',1795636589449193,'none','pending','breached','critical','cdc-tasks-abnormal','e1864ddaa676','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.00218}',1);
INSERT INTO "transition" VALUES(2,'51487261a0e81fae',1795636590612044,'none','pending','breached','warning','tasks-abnormal','24c916c205f6','{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000901}',1);
INSERT INTO "transition" VALUES(3,'f32b9ee46ac7e4b9',1795636591467243,'pending','firing','held','critical','cdc-tasks-abnormal','e1864ddaa676','{"running":33,"abnormal":3,"terminated":1,"completed":866,"common.running":27,"common.abnormal":0,"common.terminated":1,"common.completed":862,"cdc.running":6,"cdc.abnormal":3,"cdc.terminated":0,"cdc.completed":4,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.000827}',1);
INSERT INTO "transition" VALUES(4,'51487261a0e81fae',1795636592622917,'pending','firing','held','warning','tasks-abnormal','24c916c205f6','{"running":44,"abnormal":2,"terminated":2,"completed":222,"common.running":33,"common.abnormal":2,"common.terminated":0,"common.completed":219,"cdc.running":11,"cdc.abnormal":0,"cdc.terminated":2,"cdc.completed":3,"up":1.0,"failures":0.0,"suspicious":0.0,"age":0.0,"latency":0.001162}',1);
INSERT INTO "transition" VALUES(5,'329e3ad6f8355b90',1795636594743090,'none','firing','held','critical','instance-unreachable','9bba7e64d69f','{"up":0.0,"failures":2.0,"suspicious":0.0,"age":4.030708,"latency":0.004446}',1);
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
COMMIT;
