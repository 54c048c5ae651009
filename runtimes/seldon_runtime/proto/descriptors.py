"""The messages and services as serialized FileDescriptorProtos, each file after what it imports.

Written by tests/write_descriptors.py from runtimes/protos.
"""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, bytes] = {
    "grpc/health/v1/health.proto": (
        b'\n\x1bgrpc/health/v1/health.proto\x12\x0egrpc.health.v1"%\n\x12HealthCheckRequest\x12'
        b'\x0f\n\x07service\x18\x01 \x01(\t"\xa9\x01\n\x13HealthCheckResponse\x12A\n\x06status'
        b'\x18\x01 \x01(\x0e21.grpc.health.v1.HealthCheckResponse.ServingStatus"O\n\rServingSta'
        b"tus\x12\x0b\n\x07UNKNOWN\x10\x00\x12\x0b\n\x07SERVING\x10\x01\x12\x0f\n\x0bNOT_SERVIN"
        b"G\x10\x02\x12\x13\n\x0fSERVICE_UNKNOWN\x10\x032\xae\x01\n\x06Health\x12P\n\x05Check"
        b'\x12".grpc.health.v1.HealthCheckRequest\x1a#.grpc.health.v1.HealthCheckResponse\x12R'
        b'\n\x05Watch\x12".grpc.health.v1.HealthCheckRequest\x1a#.grpc.health.v1.HealthCheckRes'
        b"ponse0\x01b\x06proto3"
    ),
    "grpc/reflection/v1/reflection.proto": (
        b'\n#grpc/reflection/v1/reflection.proto\x12\x12grpc.reflection.v1"\x85\x02\n\x17Server'
        b"ReflectionRequest\x12\x0c\n\x04host\x18\x01 \x01(\t\x12\x1a\n\x10file_by_filename\x18"
        b"\x03 \x01(\tH\x00\x12 \n\x16file_containing_symbol\x18\x04 \x01(\tH\x00\x12I\n\x19fil"
        b"e_containing_extension\x18\x05 \x01(\x0b2$.grpc.reflection.v1.ExtensionRequestH\x00"
        b"\x12'\n\x1dall_extension_numbers_of_type\x18\x06 \x01(\tH\x00\x12\x17\n\rlist_service"
        b's\x18\x07 \x01(\tH\x00B\x11\n\x0fmessage_request"E\n\x10ExtensionRequest\x12\x17\n'
        b'\x0fcontaining_type\x18\x01 \x01(\t\x12\x18\n\x10extension_number\x18\x02 \x01(\x05"'
        b"\xb8\x03\n\x18ServerReflectionResponse\x12\x12\n\nvalid_host\x18\x01 \x01(\t\x12E\n"
        b"\x10original_request\x18\x02 \x01(\x0b2+.grpc.reflection.v1.ServerReflectionRequest"
        b"\x12N\n\x18file_descriptor_response\x18\x04 \x01(\x0b2*.grpc.reflection.v1.FileDescri"
        b"ptorResponseH\x00\x12U\n\x1eall_extension_numbers_response\x18\x05 \x01(\x0b2+.grpc.r"
        b"eflection.v1.ExtensionNumberResponseH\x00\x12I\n\x16list_services_response\x18\x06 "
        b"\x01(\x0b2'.grpc.reflection.v1.ListServiceResponseH\x00\x12;\n\x0eerror_response\x18"
        b'\x07 \x01(\x0b2!.grpc.reflection.v1.ErrorResponseH\x00B\x12\n\x10message_response"7\n'
        b'\x16FileDescriptorResponse\x12\x1d\n\x15file_descriptor_proto\x18\x01 \x03(\x0c"K\n'
        b"\x17ExtensionNumberResponse\x12\x16\n\x0ebase_type_name\x18\x01 \x01(\t\x12\x18\n\x10"
        b'extension_number\x18\x02 \x03(\x05"K\n\x13ListServiceResponse\x124\n\x07service\x18'
        b'\x01 \x03(\x0b2#.grpc.reflection.v1.ServiceResponse"\x1f\n\x0fServiceResponse\x12\x0c'
        b'\n\x04name\x18\x01 \x01(\t":\n\rErrorResponse\x12\x12\n\nerror_code\x18\x01 \x01(\x05'
        b"\x12\x15\n\rerror_message\x18\x02 \x01(\t2\x89\x01\n\x10ServerReflection\x12u\n\x14Se"
        b"rverReflectionInfo\x12+.grpc.reflection.v1.ServerReflectionRequest\x1a,.grpc.reflecti"
        b"on.v1.ServerReflectionResponse(\x010\x01b\x06proto3"
    ),
    "grpc/reflection/v1alpha/reflection.proto": (
        b'\n(grpc/reflection/v1alpha/reflection.proto\x12\x17grpc.reflection.v1alpha"\x8a\x02\n'
        b"\x17ServerReflectionRequest\x12\x0c\n\x04host\x18\x01 \x01(\t\x12\x1a\n\x10file_by_fi"
        b"lename\x18\x03 \x01(\tH\x00\x12 \n\x16file_containing_symbol\x18\x04 \x01(\tH\x00\x12"
        b"N\n\x19file_containing_extension\x18\x05 \x01(\x0b2).grpc.reflection.v1alpha.Extensio"
        b"nRequestH\x00\x12'\n\x1dall_extension_numbers_of_type\x18\x06 \x01(\tH\x00\x12\x17\n"
        b'\rlist_services\x18\x07 \x01(\tH\x00B\x11\n\x0fmessage_request"E\n\x10ExtensionReques'
        b"t\x12\x17\n\x0fcontaining_type\x18\x01 \x01(\t\x12\x18\n\x10extension_number\x18\x02 "
        b'\x01(\x05"\xd1\x03\n\x18ServerReflectionResponse\x12\x12\n\nvalid_host\x18\x01 \x01('
        b"\t\x12J\n\x10original_request\x18\x02 \x01(\x0b20.grpc.reflection.v1alpha.ServerRefle"
        b"ctionRequest\x12S\n\x18file_descriptor_response\x18\x04 \x01(\x0b2/.grpc.reflection.v"
        b"1alpha.FileDescriptorResponseH\x00\x12Z\n\x1eall_extension_numbers_response\x18\x05 "
        b"\x01(\x0b20.grpc.reflection.v1alpha.ExtensionNumberResponseH\x00\x12N\n\x16list_servi"
        b"ces_response\x18\x06 \x01(\x0b2,.grpc.reflection.v1alpha.ListServiceResponseH\x00\x12"
        b"@\n\x0eerror_response\x18\x07 \x01(\x0b2&.grpc.reflection.v1alpha.ErrorResponseH\x00B"
        b'\x12\n\x10message_response"7\n\x16FileDescriptorResponse\x12\x1d\n\x15file_descriptor'
        b'_proto\x18\x01 \x03(\x0c"K\n\x17ExtensionNumberResponse\x12\x16\n\x0ebase_type_name'
        b'\x18\x01 \x01(\t\x12\x18\n\x10extension_number\x18\x02 \x03(\x05"P\n\x13ListServiceRe'
        b'sponse\x129\n\x07service\x18\x01 \x03(\x0b2(.grpc.reflection.v1alpha.ServiceResponse"'
        b'\x1f\n\x0fServiceResponse\x12\x0c\n\x04name\x18\x01 \x01(\t":\n\rErrorResponse\x12'
        b"\x12\n\nerror_code\x18\x01 \x01(\x05\x12\x15\n\rerror_message\x18\x02 \x01(\t2\x93"
        b"\x01\n\x10ServerReflection\x12\x7f\n\x14ServerReflectionInfo\x120.grpc.reflection.v1a"
        b"lpha.ServerReflectionRequest\x1a1.grpc.reflection.v1alpha.ServerReflectionResponse("
        b"\x010\x01b\x06proto3"
    ),
    "google/protobuf/any.proto": (
        b'\n\x19google/protobuf/any.proto\x12\x0fgoogle.protobuf"&\n\x03Any\x12\x10\n\x08type_u'
        b"rl\x18\x01 \x01(\t\x12\r\n\x05value\x18\x02 \x01(\x0cb\x06proto3"
    ),
    "google/protobuf/empty.proto": (
        b'\n\x1bgoogle/protobuf/empty.proto\x12\x0fgoogle.protobuf"\x07\n\x05Emptyb\x06proto3'
    ),
    "google/protobuf/struct.proto": (
        b'\n\x1cgoogle/protobuf/struct.proto\x12\x0fgoogle.protobuf"\x84\x01\n\x06Struct\x123\n'
        b"\x06fields\x18\x01 \x03(\x0b2#.google.protobuf.Struct.FieldsEntry\x1aE\n\x0bFieldsEnt"
        b"ry\x12\x0b\n\x03key\x18\x01 \x01(\t\x12%\n\x05value\x18\x02 \x01(\x0b2\x16.google.pro"
        b'tobuf.Value:\x028\x01"\xea\x01\n\x05Value\x120\n\nnull_value\x18\x01 \x01(\x0e2\x1a.g'
        b"oogle.protobuf.NullValueH\x00\x12\x16\n\x0cnumber_value\x18\x02 \x01(\x01H\x00\x12"
        b"\x16\n\x0cstring_value\x18\x03 \x01(\tH\x00\x12\x14\n\nbool_value\x18\x04 \x01(\x08H"
        b"\x00\x12/\n\x0cstruct_value\x18\x05 \x01(\x0b2\x17.google.protobuf.StructH\x00\x120\n"
        b'\nlist_value\x18\x06 \x01(\x0b2\x1a.google.protobuf.ListValueH\x00B\x06\n\x04kind"3\n'
        b"\tListValue\x12&\n\x06values\x18\x01 \x03(\x0b2\x16.google.protobuf.Value*\x1b\n\tNul"
        b"lValue\x12\x0e\n\nNULL_VALUE\x10\x00b\x06proto3"
    ),
    "tensorflow/core/framework/tensor_shape.proto": (
        b'\n,tensorflow/core/framework/tensor_shape.proto\x12\ntensorflow"~\n\x10TensorShapePro'
        b"to\x12-\n\x03dim\x18\x02 \x03(\x0b2 .tensorflow.TensorShapeProto.Dim\x12\x14\n\x0cunk"
        b"nown_rank\x18\x03 \x01(\x08\x1a%\n\x03Dim\x12\x0c\n\x04size\x18\x01 \x01(\x03\x12\x0c"
        b"\n\x04name\x18\x02 \x01(\t:\x028\x00b\x06proto3"
    ),
    "tensorflow/core/framework/types.proto": (
        b"\n%tensorflow/core/framework/types.proto\x12\ntensorflow*\xf4\x02\n\x08DataType\x12"
        b"\x0e\n\nDT_INVALID\x10\x00\x12\x0c\n\x08DT_FLOAT\x10\x01\x12\r\n\tDT_DOUBLE\x10\x02"
        b"\x12\x0c\n\x08DT_INT32\x10\x03\x12\x0c\n\x08DT_UINT8\x10\x04\x12\x0c\n\x08DT_INT16"
        b"\x10\x05\x12\x0b\n\x07DT_INT8\x10\x06\x12\r\n\tDT_STRING\x10\x07\x12\x10\n\x0cDT_COMP"
        b"LEX64\x10\x08\x12\x0c\n\x08DT_INT64\x10\t\x12\x0b\n\x07DT_BOOL\x10\n\x12\x0c\n\x08DT_"
        b"QINT8\x10\x0b\x12\r\n\tDT_QUINT8\x10\x0c\x12\r\n\tDT_QINT32\x10\r\x12\x0f\n\x0bDT_BFL"
        b"OAT16\x10\x0e\x12\r\n\tDT_QINT16\x10\x0f\x12\x0e\n\nDT_QUINT16\x10\x10\x12\r\n\tDT_UI"
        b"NT16\x10\x11\x12\x11\n\rDT_COMPLEX128\x10\x12\x12\x0b\n\x07DT_HALF\x10\x13\x12\x0f\n"
        b"\x0bDT_RESOURCE\x10\x14\x12\x0e\n\nDT_VARIANT\x10\x15\x12\r\n\tDT_UINT32\x10\x16\x12"
        b"\r\n\tDT_UINT64\x10\x17b\x06proto3"
    ),
    "tensorflow/core/framework/tensor.proto": (
        b"\n&tensorflow/core/framework/tensor.proto\x12\ntensorflow\x1a,tensorflow/core/framewo"
        b'rk/tensor_shape.proto\x1a%tensorflow/core/framework/types.proto"\xed\x02\n\x0bTensorP'
        b"roto\x12#\n\x05dtype\x18\x01 \x01(\x0e2\x14.tensorflow.DataType\x122\n\x0ctensor_shap"
        b"e\x18\x02 \x01(\x0b2\x1c.tensorflow.TensorShapeProto\x12\x16\n\x0eversion_number\x18"
        b"\x03 \x01(\x05\x12\x16\n\x0etensor_content\x18\x04 \x01(\x0c\x12\x11\n\tfloat_val\x18"
        b"\x05 \x03(\x02\x12\x12\n\ndouble_val\x18\x06 \x03(\x01\x12\x0f\n\x07int_val\x18\x07 "
        b"\x03(\x05\x12\x12\n\nstring_val\x18\x08 \x03(\x0c\x12\x14\n\x0cscomplex_val\x18\t "
        b"\x03(\x02\x12\x11\n\tint64_val\x18\n \x03(\x03\x12\x10\n\x08bool_val\x18\x0b \x03("
        b"\x08\x12\x14\n\x0cdcomplex_val\x18\x0c \x03(\x01\x12\x10\n\x08half_val\x18\r \x03("
        b"\x05\x12\x12\n\nuint32_val\x18\x10 \x03(\r\x12\x12\n\nuint64_val\x18\x11 \x03(\x04b"
        b"\x06proto3"
    ),
    "proto/prediction.proto": (
        b"\n\x16proto/prediction.proto\x12\rseldon.protos\x1a\x19google/protobuf/any.proto\x1a"
        b"\x1bgoogle/protobuf/empty.proto\x1a\x1cgoogle/protobuf/struct.proto\x1a&tensorflow/co"
        b're/framework/tensor.proto"\x91\x02\n\rSeldonMessage\x12%\n\x06status\x18\x01 \x01('
        b"\x0b2\x15.seldon.protos.Status\x12!\n\x04meta\x18\x02 \x01(\x0b2\x13.seldon.protos.Me"
        b"ta\x12*\n\x04data\x18\x03 \x01(\x0b2\x1a.seldon.protos.DefaultDataH\x00\x12\x11\n\x07"
        b"binData\x18\x04 \x01(\x0cH\x00\x12\x11\n\x07strData\x18\x05 \x01(\tH\x00\x12*\n\x08js"
        b"onData\x18\x06 \x01(\x0b2\x16.google.protobuf.ValueH\x00\x12*\n\ncustomData\x18\x07 "
        b'\x01(\x0b2\x14.google.protobuf.AnyH\x00B\x0c\n\ndata_oneof"I\n\x11SeldonMessageList'
        b'\x124\n\x0eseldonMessages\x18\x01 \x03(\x0b2\x1c.seldon.protos.SeldonMessage"\xaf\x01'
        b"\n\x0bDefaultData\x12\r\n\x05names\x18\x01 \x03(\t\x12'\n\x06tensor\x18\x02 \x01(\x0b"
        b"2\x15.seldon.protos.TensorH\x00\x12-\n\x07ndarray\x18\x03 \x01(\x0b2\x1a.google.proto"
        b"buf.ListValueH\x00\x12+\n\x08tftensor\x18\x04 \x01(\x0b2\x17.tensorflow.TensorProtoH"
        b"\x00B\x0c\n\ndata_oneof\"'\n\x06Tensor\x12\r\n\x05shape\x18\x01 \x03(\x05\x12\x0e\n"
        b'\x06values\x18\x02 \x03(\x01"\x80\x03\n\x04Meta\x12\x0c\n\x04puid\x18\x01 \x01(\t\x12'
        b"+\n\x04tags\x18\x02 \x03(\x0b2\x1d.seldon.protos.Meta.TagsEntry\x121\n\x07routing\x18"
        b"\x03 \x03(\x0b2 .seldon.protos.Meta.RoutingEntry\x129\n\x0brequestPath\x18\x04 \x03("
        b"\x0b2$.seldon.protos.Meta.RequestPathEntry\x12&\n\x07metrics\x18\x05 \x03(\x0b2\x15.s"
        b"eldon.protos.Metric\x1aC\n\tTagsEntry\x12\x0b\n\x03key\x18\x01 \x01(\t\x12%\n\x05valu"
        b"e\x18\x02 \x01(\x0b2\x16.google.protobuf.Value:\x028\x01\x1a.\n\x0cRoutingEntry\x12"
        b"\x0b\n\x03key\x18\x01 \x01(\t\x12\r\n\x05value\x18\x02 \x01(\x05:\x028\x01\x1a2\n\x10"
        b"RequestPathEntry\x12\x0b\n\x03key\x18\x01 \x01(\t\x12\r\n\x05value\x18\x02 \x01(\t:"
        b'\x028\x01"\xe1\x01\n\x06Metric\x12\x0b\n\x03key\x18\x01 \x01(\t\x12.\n\x04type\x18'
        b"\x02 \x01(\x0e2 .seldon.protos.Metric.MetricType\x12\r\n\x05value\x18\x03 \x01(\x02"
        b"\x12-\n\x04tags\x18\x04 \x03(\x0b2\x1f.seldon.protos.Metric.TagsEntry\x1a+\n\tTagsEnt"
        b'ry\x12\x0b\n\x03key\x18\x01 \x01(\t\x12\r\n\x05value\x18\x02 \x01(\t:\x028\x01"/\n\nM'
        b"etricType\x12\x0b\n\x07COUNTER\x10\x00\x12\t\n\x05GAUGE\x10\x01\x12\t\n\x05TIMER\x10"
        b'\x02"\x8e\x01\n\x06Status\x12\x0c\n\x04code\x18\x01 \x01(\x05\x12\x0c\n\x04info\x18'
        b"\x02 \x01(\t\x12\x0e\n\x06reason\x18\x03 \x01(\t\x120\n\x06status\x18\x04 \x01(\x0e2 "
        b'.seldon.protos.Status.StatusFlag"&\n\nStatusFlag\x12\x0b\n\x07SUCCESS\x10\x00\x12\x0b'
        b'\n\x07FAILURE\x10\x01"\xa6\x01\n\x08Feedback\x12-\n\x07request\x18\x01 \x01(\x0b2\x1c'
        b".seldon.protos.SeldonMessage\x12.\n\x08response\x18\x02 \x01(\x0b2\x1c.seldon.protos."
        b"SeldonMessage\x12\x0e\n\x06reward\x18\x03 \x01(\x02\x12+\n\x05truth\x18\x04 \x01(\x0b"
        b'2\x1c.seldon.protos.SeldonMessage"p\n\x0fRequestResponse\x12-\n\x07request\x18\x01 '
        b"\x01(\x0b2\x1c.seldon.protos.SeldonMessage\x12.\n\x08response\x18\x02 \x01(\x0b2\x1c."
        b'seldon.protos.SeldonMessage"*\n\x1aSeldonModelMetadataRequest\x12\x0c\n\x04name\x18'
        b'\x01 \x01(\t"\x83\x01\n\x15SeldonMessageMetadata\x12\x13\n\x0bmessagetype\x18\x01 '
        b"\x01(\t\x12&\n\x06schema\x18\x02 \x01(\x0b2\x16.google.protobuf.Value\x12\x0c\n\x04na"
        b"me\x18\x03 \x01(\t\x12\x10\n\x08datatype\x18\x04 \x01(\t\x12\r\n\x05shape\x18\x05 "
        b'\x03(\x03"\xa3\x02\n\x13SeldonModelMetadata\x12\x0c\n\x04name\x18\x01 \x01(\t\x12\x10'
        b"\n\x08versions\x18\x02 \x03(\t\x12\x10\n\x08platform\x18\x03 \x01(\t\x124\n\x06inputs"
        b"\x18\x04 \x03(\x0b2$.seldon.protos.SeldonMessageMetadata\x125\n\x07outputs\x18\x05 "
        b"\x03(\x0b2$.seldon.protos.SeldonMessageMetadata\x12>\n\x06custom\x18\x06 \x03(\x0b2.."
        b"seldon.protos.SeldonModelMetadata.CustomEntry\x1a-\n\x0bCustomEntry\x12\x0b\n\x03key"
        b'\x18\x01 \x01(\t\x12\r\n\x05value\x18\x02 \x01(\t:\x028\x01"\xa3\x02\n\x13SeldonGraph'
        b"Metadata\x12\x0c\n\x04name\x18\x01 \x01(\t\x12>\n\x06models\x18\x02 \x03(\x0b2..seldo"
        b"n.protos.SeldonGraphMetadata.ModelsEntry\x124\n\x06inputs\x18\x03 \x03(\x0b2$.seldon."
        b"protos.SeldonMessageMetadata\x125\n\x07outputs\x18\x04 \x03(\x0b2$.seldon.protos.Seld"
        b"onMessageMetadata\x1aQ\n\x0bModelsEntry\x12\x0b\n\x03key\x18\x01 \x01(\t\x121\n\x05va"
        b'lue\x18\x02 \x01(\x0b2".seldon.protos.SeldonModelMetadata:\x028\x012\xff\x02\n\x07Gen'
        b"eric\x12L\n\x0eTransformInput\x12\x1c.seldon.protos.SeldonMessage\x1a\x1c.seldon.prot"
        b"os.SeldonMessage\x12M\n\x0fTransformOutput\x12\x1c.seldon.protos.SeldonMessage\x1a"
        b"\x1c.seldon.protos.SeldonMessage\x12C\n\x05Route\x12\x1c.seldon.protos.SeldonMessage"
        b"\x1a\x1c.seldon.protos.SeldonMessage\x12K\n\tAggregate\x12 .seldon.protos.SeldonMessa"
        b"geList\x1a\x1c.seldon.protos.SeldonMessage\x12E\n\x0cSendFeedback\x12\x17.seldon.prot"
        b"os.Feedback\x1a\x1c.seldon.protos.SeldonMessage2\xdd\x01\n\x05Model\x12E\n\x07Predict"
        b"\x12\x1c.seldon.protos.SeldonMessage\x1a\x1c.seldon.protos.SeldonMessage\x12E\n\x0cSe"
        b"ndFeedback\x12\x17.seldon.protos.Feedback\x1a\x1c.seldon.protos.SeldonMessage\x12F\n"
        b'\x08Metadata\x12\x16.google.protobuf.Empty\x1a".seldon.protos.SeldonModelMetadata2'
        b"\x94\x01\n\x06Router\x12C\n\x05Route\x12\x1c.seldon.protos.SeldonMessage\x1a\x1c.seld"
        b"on.protos.SeldonMessage\x12E\n\x0cSendFeedback\x12\x17.seldon.protos.Feedback\x1a\x1c"
        b".seldon.protos.SeldonMessage2[\n\x0bTransformer\x12L\n\x0eTransformInput\x12\x1c.seld"
        b"on.protos.SeldonMessage\x1a\x1c.seldon.protos.SeldonMessage2b\n\x11OutputTransformer"
        b"\x12M\n\x0fTransformOutput\x12\x1c.seldon.protos.SeldonMessage\x1a\x1c.seldon.protos."
        b"SeldonMessage2W\n\x08Combiner\x12K\n\tAggregate\x12 .seldon.protos.SeldonMessageList"
        b"\x1a\x1c.seldon.protos.SeldonMessage2\xc3\x02\n\x06Seldon\x12E\n\x07Predict\x12\x1c.s"
        b"eldon.protos.SeldonMessage\x1a\x1c.seldon.protos.SeldonMessage\x12E\n\x0cSendFeedback"
        b"\x12\x17.seldon.protos.Feedback\x1a\x1c.seldon.protos.SeldonMessage\x12^\n\rModelMeta"
        b'data\x12).seldon.protos.SeldonModelMetadataRequest\x1a".seldon.protos.SeldonModelMeta'
        b'data\x12K\n\rGraphMetadata\x12\x16.google.protobuf.Empty\x1a".seldon.protos.SeldonGra'
        b"phMetadatab\x06proto3"
    ),
}
