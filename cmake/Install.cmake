# Two export sets: what a server embeds (no Boost), and what a master-side module needs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(MUSTER_MONITOR_TARGETS muster_base muster_paho muster_modules_common muster_modules_monitor
  muster_monitor muster_client)
set(MUSTER_MASTER_TARGETS muster_app muster_async muster_tls muster_mqtt muster_http muster_mqtt_server muster_sqlite
  muster_session_store muster_cluster
  muster_config muster_console muster_cli muster_modules_master
  muster_supervisor muster_supervisor_wire muster_supervisor_master muster_supervisor_node
  muster_process muster_keeper)

set_target_properties(muster_monitor PROPERTIES EXPORT_NAME monitor)
set_target_properties(muster_client PROPERTIES EXPORT_NAME client)
install(DIRECTORY include/muster DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} PATTERN "master.hpp" EXCLUDE)
install(TARGETS ${MUSTER_MONITOR_TARGETS} EXPORT musterTargets)
install(EXPORT musterTargets NAMESPACE muster:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
if(MUSTER_BUILD_MASTER)
  set_target_properties(muster_app PROPERTIES EXPORT_NAME master)
  install(FILES include/muster/master.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster)
  install(TARGETS ${MUSTER_MASTER_TARGETS} EXPORT musterMasterTargets)
  install(EXPORT musterMasterTargets NAMESPACE muster:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
  install(TARGETS muster RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
configure_package_config_file(cmake/musterConfig.cmake.in musterConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
write_basic_package_version_file(musterConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/musterConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/musterConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
