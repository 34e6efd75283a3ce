# What rollout_vm has inside beside its sources: the script that builds images.
set(script ${CMAKE_SOURCE_DIR}/src/vm/image/build/script.S)
set_source_files_properties(${script} PROPERTIES
	OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/src/vm/image/build/build.sh
	COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}/src/vm/image/build")
target_sources(rollout_vm PRIVATE ${script})
