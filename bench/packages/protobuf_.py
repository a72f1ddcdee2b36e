"""protobuf: a message to JSON and back."""

from google.protobuf import descriptor_pb2, json_format, struct_pb2

message = descriptor_pb2.FileDescriptorProto(name="a.proto", dependency=["b.proto"])
print(json_format.MessageToDict(message), len(message.SerializeToString()))
struct = struct_pb2.Struct()
struct.update({"a": [1, "x"]})
print(json_format.MessageToJson(struct, indent=None))
